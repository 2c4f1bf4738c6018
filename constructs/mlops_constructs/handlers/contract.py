"""The model's contract as the functions need it: cases with their answers, and how to send them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]


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
    """How far a number may be from a recorded one; the wider counts."""

    relative: float
    absolute: float


@cache
def _examples() -> Mapping[str, Any]:
    text = (_ROOT / os.environ["CONTRACT"]).read_text("utf-8")
    examples: Mapping[str, Any] = json.loads(text)["examples"]
    return examples


def contract_cases() -> list[Case]:
    """The contract's examples."""
    return cases_of(_examples())


def contract_tolerance() -> Tolerance:
    """How far an answer may move between two versions."""
    return Tolerance(
        relative=_examples()["relative_tolerance"], absolute=_examples()["absolute_tolerance"]
    )


def cases_of(recorded: Mapping[str, Any]) -> list[Case]:
    """The cases of the contract, or of a version's answers; both are written alike."""
    return [
        Case(name=case["name"], request=case["request"], response=case["response"])
        for case in recorded["cases"]
    ]
