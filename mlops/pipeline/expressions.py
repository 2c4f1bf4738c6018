"""How a compiled definition is read: its steps, and the references inside its values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

FUNCTIONS: Final = ("Get", "Std:Join", "Std:JsonGet")
BRANCHES: Final = ("IfSteps", "ElseSteps")


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


def branches(step: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The lists of steps of which a condition lets one run; either may be left out."""
    if step["Type"] == "Condition":
        for branch in BRANCHES:
            yield branch, step["Arguments"].get(branch, [])


def parameters_of(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a definition lets one choose; the section may be left out."""
    found: list[dict[str, Any]] = definition.get("Parameters", [])
    return found


def own_arguments(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step's arguments without the steps that hang on it."""
    inner = BRANCHES if step["Type"] == "Condition" else ()
    return {key: value for key, value in step["Arguments"].items() if key not in inner}


def depended_on(step: Mapping[str, Any]) -> Iterator[str]:
    """The names of the steps that a step says it waits for, on whichever outcome."""
    for entry in step.get("DependsOn", ()):
        yield entry if isinstance(entry, str) else entry["Step"]


def is_function(value: object) -> bool:
    """Whether a value is computed when the pipeline runs."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in FUNCTIONS


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


def texts(value: object) -> Iterator[str]:
    """Every text inside a value, however deep."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def _with_branches(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        for _, inner in branches(step):
            yield from _with_branches(inner)
