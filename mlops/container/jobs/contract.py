"""The contract beside the scripts: which fields exist, and which values each may hold.

`contract.json` is packed by the platform from model.yaml, so data checks, request checks and gates
all read the one text that people agreed on.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import bodies
from .bodies import Value
from .job import DataError

ROOT = Path(__file__).parents[1]
"""Of an archive: this package, the model's modules and contract.json lie side by side there."""

Row = dict[str, Value]

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a request, an answer or the training data."""

    name: str
    type: str
    min: float | None = None
    max: float | None = None
    allowed: tuple[Value, ...] | None = None
    nullable: bool = False
    unit: str | None = None
    description: str | None = None

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Field:
        """A field as contract.json writes it."""
        allowed = entry.get("allowed")
        return cls(**(entry | {"allowed": None if allowed is None else tuple(allowed)}))

    @property
    def domain(self) -> str:
        """What may stand here, in words for an error message."""
        values = "" if self.allowed is None else " out of " + ", ".join(map(str, self.allowed))
        low = "" if self.min is None else f" from {self.min:g}"
        high = "" if self.max is None else f" up to {self.max:g}"
        return f"{self.type}{values}{low}{high}{' or null' if self.nullable else ''}"

    def parse(self, cell: str) -> Value:
        """The value of a CSV cell; what has not this field's type stays the text it is."""
        return bodies.value_of(cell, self.type)

    def accepts(self, value: object) -> bool:
        """Whether a value may stand in this field."""
        if value is None:
            return self.nullable
        if not self._has_type(value):
            return False
        if self.allowed is not None:
            return value in self.allowed
        return isinstance(value, str | bool) or self._is_in_range(value)

    def _has_type(self, value: object) -> bool:
        # A boolean is an integer to Python and never to a person who writes a request.
        if isinstance(value, bool):
            return self.type == "boolean"
        return isinstance(value, _PYTHON_TYPES[self.type])

    def _is_in_range(self, value: Any) -> bool:
        try:
            is_finite = math.isfinite(value)
        except OverflowError:  # an integer with more digits than any number of a model has
            is_finite = False
        if not is_finite:
            return False
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)


@dataclass(frozen=True, kw_only=True)
class Group:
    """A field that divides people, and what each of its values stands for."""

    field: str
    names: dict[str, str]
    minimum_rows: int = 100
    """A rate over fewer rows is reported and not judged."""

    @staticmethod
    def key(value: Value) -> str:
        """A value as `names` writes it."""
        return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The part of model.yaml that the scripts need."""

    name: str
    target: str
    input: tuple[Field, ...]
    output: tuple[Field, ...]
    gates: tuple[dict[str, Any], ...]
    cases: tuple[dict[str, Any], ...]
    relative_tolerance: float = 0.0
    """How far an answer to an example may move, as a share of it; the wider tolerance counts."""
    absolute_tolerance: float = 0.0
    groups: tuple[Group, ...] = ()
    personal_fields: tuple[str, ...] | None = None
    """Fields that tell of a person; None: nobody has said."""
    recent_days: int | None = None
    """The last days of the held-out rows that a version is judged by; None: all rows."""
    monitoring: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What the drift job compares, as the contract writes it."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """The fields of a request, in the contract's order."""
        return tuple(field.name for field in self.input)


@cache
def load_contract(folder: Path = ROOT) -> Contract:
    """The contract of the archive in `folder`.

    Raises:
        DataError: it is missing or is not what the platform packs.
    """
    path = folder / "contract.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        personal = content.get("endpoint", {}).get("capture", {}).get("personal_fields")
        return Contract(
            name=content["name"],
            target=content["problem"]["target"],
            input=tuple(map(Field.read, content["schema"]["input"])),
            output=tuple(map(Field.read, content["schema"]["output"])),
            gates=tuple(content["gates"]),
            cases=tuple(content["examples"].get("cases", ())),
            relative_tolerance=content["examples"].get("relative_tolerance", 0.0),
            absolute_tolerance=content["examples"].get("absolute_tolerance", 0.0),
            groups=tuple(Group(**group) for group in content["problem"].get("groups", ())),
            personal_fields=None if personal is None else tuple(personal),
            recent_days=content.get("evaluation", {}).get("recent_days"),
            monitoring=content.get("monitoring", {}),
        )
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); pack the model again"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: is not a contract ({error!r}); pack the model again") from error
