"""Requests with known answers: what is asked of a version, and whether it answered as recorded."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

PROBE_PREFIX: Final = "mlops-probe-"
"""How inference ids of the platform's own requests begin; monitoring leaves these out."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request and the answer that it was once given."""

    name: str
    request: object
    response: object

    @property
    def content_type(self) -> str:
        """Text travels as CSV, everything else as JSON."""
        return "text/csv" if isinstance(self.request, str) else "application/json"

    @property
    def body(self) -> bytes:
        """The request as it travels."""
        text = self.request if isinstance(self.request, str) else json.dumps(self.request)
        return text.encode()


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far a number may be from a recorded one; the wider allowance counts."""

    relative: float
    absolute: float = 0.0

    def allows(self, recorded: float, found: float) -> bool:
        """Whether a number is close enough; a NaN is close to nothing."""
        return abs(found - recorded) <= max(self.absolute, self.relative * abs(recorded))


def cases_of(recorded: Mapping[str, Any]) -> list[Case]:
    """The cases of the contract, or of a version's answers; both are written alike."""
    return [
        Case(name=case["name"], request=case["request"], response=case["response"])
        for case in recorded["cases"]
    ]


def agrees(answer: object, recorded: object, tolerance: Tolerance) -> bool:
    """Equal in shape and text, and close in every number; a boolean is no number."""
    return next(differences(recorded, answer, tolerance), None) is None


def differences(
    recorded: Any, found: Any, tolerance: Tolerance, path: str = "answer"
) -> Iterator[str]:
    """Everything in which an answer is not the recorded one."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        for key in sorted(recorded.keys() | found.keys()):
            if key not in found or key not in recorded:
                yield f"{path}.{key}: {'missing' if key in recorded else 'unexpected'}"
            else:
                yield from differences(recorded[key], found[key], tolerance, f"{path}.{key}")
    elif isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            yield f"{path}: {len(found)} items instead of {len(recorded)}"
        for index, (one, other) in enumerate(zip(recorded, found, strict=False)):
            yield from differences(one, other, tolerance, f"{path}[{index}]")
    elif _is_number(recorded) and _is_number(found):
        left, right = _float(recorded), _float(found)
        if not tolerance.allows(left, right):
            yield f"{path}: {right:g} instead of {left:g}"
    elif recorded != found or type(recorded) is not type(found):
        yield f"{path}: {found!r:.60} instead of {recorded!r:.60}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _float(number: float) -> float:
    # By its text, because a whole number that no float can hold would raise.
    return float(str(number))
