"""How a compiled definition is read: its steps, and the references inside its values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_FUNCTIONS: Final = frozenset({"Get", "Std:Join", "Std:JsonGet"})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something in a definition that the service would refuse."""

    at: str
    problem: str

    def __str__(self) -> str:
        """Place and problem on one line."""
        return f"{self.at}: {self.problem}"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A `Get`, and where it stands."""

    at: str
    target: str


def all_steps(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step, those in the branches of conditions included."""
    yield from _with_branches(definition["Steps"])


def is_function(value: object) -> bool:
    """Whether a value is computed when the pipeline runs."""
    return isinstance(value, dict) and len(value) == 1 and not value.keys().isdisjoint(_FUNCTIONS)


def references(value: object, at: str) -> Iterator[Reference]:
    """Every reference inside a value, however deep."""
    if isinstance(value, dict):
        if is_function(value) and "Get" in value:
            yield Reference(at=at, target=value["Get"])
            return
        for key, inner in value.items():
            yield from references(inner, f"{at}.{key}")
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from references(inner, f"{at}[{index}]")


def _with_branches(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        if step.get("Type") == "Condition":
            arguments = step["Arguments"]
            yield from _with_branches([*arguments["IfSteps"], *arguments["ElseSteps"]])
