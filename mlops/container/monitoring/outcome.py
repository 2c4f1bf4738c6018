"""Which field of an answer is the prediction, and which label it is compared with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from .bins import text_of
from .errors import MonitoringError
from .schema import Schema

_YES: Final = frozenset({"true", "1", "1.0"})
_NO: Final = frozenset({"false", "0", "0.0"})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How answers and labels of one model are read."""

    problem: Literal["regression", "binary-classification"]
    prediction: str
    """The field with the predicted number, or with the predicted class."""
    probability: str | None = None
    """The field with the probability of the positive class."""
    low: str | None = None
    high: str | None = None
    """Fields with the ends of the prediction's interval."""
    positive: bool | str = True
    """The class that counts as positive."""

    @classmethod
    def read(cls, content: Mapping[str, Any], schema: Schema, *, source: str) -> "Outcome":
        """The outcome of a JSON object.

        Raises:
            MonitoringError: a key is none, or names no field of the answer.
        """
        try:
            outcome = cls(**content)
        except TypeError as error:
            raise MonitoringError(
                f"{source}: {error}; remedy: correct or remove the key"
            ) from error
        outcome.refuse_strangers(schema, source)
        return outcome

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the answer that are read."""
        named = (self.prediction, self.probability, self.low, self.high)
        return tuple(name for name in named if name is not None)

    def refuse_strangers(self, schema: Schema, source: str) -> None:
        """Every name is a field of the answer."""
        known = [field.name for field in schema.output]
        for name in self.fields:
            if name not in known:
                raise MonitoringError(
                    f"{source}: the answer has no field {name}; allowed: {', '.join(known)}; "
                    "remedy: name one of them"
                )

    def number(self, value: object) -> float:
        """A prediction or a label as a number; 1 is the positive class, what is neither is NaN."""
        if value is None:
            return math.nan
        if self.problem == "regression":
            return _number(value)
        return self._class(value)

    def _class(self, value: object) -> float:
        text = text_of(value)
        if self.positive is True:
            return 1.0 if text in _YES else 0.0 if text in _NO else math.nan
        return float(text == self.positive)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return found if math.isfinite(found) else math.nan
