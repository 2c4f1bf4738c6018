"""The fields of requests and answers, as the contract packed beside a model writes them.

The rules are those of `mlops.contract`; they are read here from JSON, because the job that looks
for drift has the model's libraries and nothing of the platform's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from .errors import MonitoringError

if TYPE_CHECKING or __package__ == "mlops.container.monitoring":
    from mlops.container.jobs import bodies
    from mlops.container.jobs.bodies import Value
else:  # an archive has both packages side by side
    from jobs import bodies
    from jobs.bodies import Value

Row = Mapping[str, Any]
Type = Literal["integer", "number", "string", "boolean"]
LABEL: Final = "label"
"""What the true outcome is called among the fields: its own name may be an answer's as well."""

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a request or of an answer."""

    name: str
    type: Type
    min: float | None = None
    max: float | None = None
    allowed: tuple[Value, ...] | None = None
    nullable: bool = False

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> "Field":
        """A field as the contract writes it; units and descriptions are for people."""
        if entry["type"] not in _TYPES:
            raise MonitoringError(f"{entry['name']} is a {entry['type']}; allowed: {list(_TYPES)}")
        allowed = entry.get("allowed")
        return cls(
            name=str(entry["name"]),
            type=entry["type"],
            min=entry.get("min"),
            max=entry.get("max"),
            allowed=None if allowed is None else tuple(allowed),
            nullable=bool(entry.get("nullable", False)),
        )

    @property
    def is_numeric(self) -> bool:
        """Whether its values have an order and a distance."""
        return self.type in ("integer", "number")

    def parse(self, cell: str) -> Value:
        """The value of a CSV cell, as the server reads it."""
        return bodies.value_of(cell, self.type)

    def has_type(self, value: object) -> bool:
        """Whether a value that is not null has this type; a boolean is not an integer here."""
        if isinstance(value, bool):
            return self.type == "boolean"
        return isinstance(value, _TYPES[self.type])


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A request's fields and an answer's fields, in order."""

    input: tuple[Field, ...]
    output: tuple[Field, ...]
    target: str | None = None
    """The column of the training data that is predicted."""

    @classmethod
    def read(cls, content: Mapping[str, Any], *, source: str = "contract.json") -> "Schema":
        """The schema of a packed contract.

        Raises:
            MonitoringError: the content is not a contract, or a name stands on both sides.
        """
        try:
            schema = content["schema"]
            read = cls(
                input=tuple(map(Field.read, schema["input"])),
                output=tuple(map(Field.read, schema["output"])),
                target=content.get("problem", {}).get("target"),
            )
        except (KeyError, TypeError) as error:
            raise MonitoringError(
                f"{source}: is not a contract ({error!r}); allowed: an object with schema.input "
                "and schema.output; remedy: pack the model again"
            ) from error
        read.refuse_ambiguity(source)
        return read

    def refuse_ambiguity(self, source: str) -> None:
        """Statistics are kept by name, so a name stands for one column."""
        names = [field.name for field in (*self.fields, self.label)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise MonitoringError(
                f"{source}: {twice[0]} stands for two of request, answer and {LABEL!r}, the true "
                "outcome; allowed: each name once; remedy: rename the answer's field"
            )

    @property
    def label(self) -> Field:
        """The true outcome as a field; a class is 1 or 0."""
        return Field(name=LABEL, type="number", nullable=True)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Both sides, the request first."""
        return (*self.input, *self.output)
