"""Requests with known answers: what is asked of a version, and whether it answered as recorded."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

JSON: Final = "application/json"
CSV: Final = "text/csv"

PROBE_PREFIX: Final = "mlops-probe-"
"""How inference ids of the platform's own requests begin; monitoring leaves these out."""

_TIMES_AS_LONG: Final = 4
_SPARE_BYTES: Final = 4096
"""Spaces, line ends and digits are the server's own; a page of them is not."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request and the answer that it was once given."""

    name: str
    request: object
    response: object
    """JSON as what it says, CSV as its text."""
    accept: str = JSON
    """The content type in which it was answered."""

    @property
    def content_type(self) -> str:
        """Text travels as CSV, everything else as JSON."""
        return CSV if isinstance(self.request, str) else JSON

    @property
    def most_bytes(self) -> int:
        """How long an answer may be, in bytes; a longer one is wrong, whatever it says."""
        recorded = self.response if isinstance(self.response, str) else json.dumps(self.response)
        return _TIMES_AS_LONG * len(recorded.encode()) + _SPARE_BYTES

    def asks_what(self, other: "Case") -> bool:
        """Whether the other one asks the same, in the same form."""
        return (self.body, self.accept) == (other.body, other.accept)

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
        Case(
            name=case["name"],
            request=case["request"],
            response=case["response"],
            accept=case.get("accept", JSON),
        )
        for case in recorded["cases"]
    ]


def objection(case: Case, body: bytes, content_type: str, tolerance: Tolerance) -> str | None:
    """What is wrong with an answer to a case, in words; None: it is the recorded one.

    Its form counts as well: a caller who asked for JSON can do nothing with the same digits under
    the name of a web page.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind != case.accept:
        return f"is {kind or 'of no content type'} instead of {case.accept}"
    if len(body) > case.most_bytes:
        return f"has more than {case.most_bytes} bytes"
    try:
        found = said(body.decode("utf-8"), case.accept)
    except (ValueError, RecursionError):
        return f"is not {case.accept}: {body.decode('utf-8', 'replace'):.100}"
    recorded = case.response
    if isinstance(recorded, str) and case.accept == CSV:
        recorded = said(recorded, CSV)
    return next(differences(recorded, found, tolerance), None)


def said(text: str, kind: str) -> object:
    """What an answer says: JSON parsed, CSV as lines of cells, of which numbers are numbers.

    Raises:
        ValueError: it is not in this form.
    """
    if kind != CSV:
        return json.loads(text)
    try:
        return [[_cell(cell) for cell in line] for line in csv.reader(io.StringIO(text)) if line]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _cell(cell: str) -> object:
    try:
        number = float(cell)
    except ValueError:
        return cell
    return number if math.isfinite(number) else cell


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
