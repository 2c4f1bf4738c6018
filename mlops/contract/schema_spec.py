"""What goes into a model and what comes out: names, types, ranges, units."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field as Key
from pydantic import model_validator

from mlops.contract.vocabulary import FieldName, Line, Spec, Text, joined, legible, repeated

FieldType = Literal["integer", "number", "string", "boolean"]
Scalar = bool | int | float | Line

_SHOWN: Final = 12
_NUMBERS: Final = ("integer", "number")
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
}


class Field(Spec):
    """One column of a request or of an answer."""

    name: Annotated[FieldName, Key(description="Lower case, digits and underscores")]
    type: Annotated[FieldType, Key(description="JSON type of the value")]
    min: Annotated[float | None, Key(description="Smallest value that is served")] = None
    max: Annotated[float | None, Key(description="Largest value that is served")] = None
    allowed: Annotated[
        tuple[Scalar, ...] | None,
        Key(min_length=1, max_length=500, strict=False, description="Every value that is served"),
    ] = None
    nullable: Annotated[bool, Key(description="Whether null stands for an unknown value")] = False
    unit: Annotated[Line | None, Key(description="Unit of measure")] = None
    description: Annotated[Text | None, Key(description="What the value means")] = None

    @model_validator(mode="after")
    def _numbers_have_bounds(self) -> "Field":
        if self.type not in _NUMBERS and (self.min, self.max) != (None, None):
            raise joined(
                "type",
                "min",
                "max",
                problem=f"a {self.type} has no min or max",
                allowed="min and max with integer or number",
                remedy="remove them, or use allowed",
            )
        return self

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Field":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise joined(
                "min",
                "max",
                problem=f"min {self.min:g} is above max {self.max:g}",
                allowed="min <= max",
                remedy="swap them",
            )
        return self

    @model_validator(mode="after")
    def _allowed_values_have_the_type(self) -> "Field":
        wrong = [value for value in self.allowed or () if not self.accepts_type(value)]
        if wrong:
            shown = ", ".join(repr(value) for value in wrong[:_SHOWN])
            raise joined(
                "allowed",
                "type",
                problem=f"the allowed value {shown} is not of type {self.type}"
                if len(wrong) == 1
                else f"the allowed values {shown} are not of type {self.type}",
                allowed=f"values of type {self.type}",
                remedy="change the value or the field's type",
            )
        return self

    def accepts_type(self, value: object) -> bool:
        """Whether a value has this field's type; a boolean is not an integer here."""
        if isinstance(value, bool):
            return self.type == "boolean"
        return isinstance(value, _PYTHON_TYPES[self.type])

    @property
    def form(self) -> str:
        """What may stand in this field, in words."""
        if self.allowed is not None:
            words = ", ".join(repr(value) for value in self.allowed[:_SHOWN])
            text = f"{words}{', ...' if len(self.allowed) > _SHOWN else ''}"
        else:
            text = " ".join([self.type, *self._bounds])
        return f"{text} or null" if self.nullable else text

    @property
    def _bounds(self) -> Iterator[str]:
        if self.min is not None:
            yield f"from {self.min:g}"
        if self.max is not None:
            yield f"up to {self.max:g}"

    def objection(self, value: object) -> str | None:
        """Why a value may not stand in this field, or None."""
        if value is None:
            return None if self.nullable else "null, and the field is not nullable"
        if not self.accepts_type(value):
            return f"{value!r}, which is not of type {self.type}"
        if self.allowed is not None and value not in self.allowed:
            return f"{value!r}, which is not among the allowed values"
        return self._out_of_range(value)

    def _out_of_range(self, value: object) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        if self.min is not None and value < self.min:
            return f"{value!r}, below {self.min:g}"
        if self.max is not None and value > self.max:
            return f"{value!r}, above {self.max:g}"
        return None


class SchemaSpec(Spec):
    """A request's fields and an answer's fields, in order."""

    input: Annotated[
        tuple[Field, ...],
        Key(min_length=1, max_length=500, strict=False, description="Fields of a request"),
    ]
    output: Annotated[
        tuple[Field, ...],
        Key(min_length=1, max_length=100, strict=False, description="Fields of an answer"),
    ]

    @model_validator(mode="after")
    def _names_of_inputs_are_unique(self) -> "SchemaSpec":
        _each_once("input", self.input)
        return self

    @model_validator(mode="after")
    def _names_of_outputs_are_unique(self) -> "SchemaSpec":
        _each_once("output", self.output)
        return self


def _each_once(side: str, fields: tuple[Field, ...]) -> None:
    twice = repeated(legible(fields, "name"))
    if twice:
        raise joined(
            side,
            problem=f"{side} names {' and '.join(repr(name) for name in twice)} twice",
            allowed="each name once",
            remedy="rename one",
        )
