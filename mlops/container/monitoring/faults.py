"""Where values break the contract: counts by kind, with a few examples for whoever has to look."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

import numpy as np

from .arrays import Floats, Mask
from .bins import text_of
from .columns import Values
from .schema import Field

_EXAMPLES: Final = 3
_SHOWN_CHARACTERS: Final = 60
_PLAIN: Final = {
    "integer": frozenset({int, type(None)}),
    "number": frozenset({int, float, type(None)}),
}
"""Types of columns that numpy can take as they are."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How many rows break the contract in one field, by kind."""

    rows: int = 0
    absent: int = 0
    """The row has no such column."""
    null: int = 0
    """The value is null or the column absent."""
    type: int = 0
    """Another type, or a number that is not finite."""
    range: int = 0
    """Below the contract's minimum or above its maximum."""
    domain: int = 0
    """Not among the contract's allowed values."""
    examples: tuple[str, ...] = ()
    """Values at fault; the first ones by their text, so that it matters not who came first."""

    def merged(self, other: "Faults") -> "Faults":
        """The faults of both."""
        return Faults(
            rows=self.rows + other.rows,
            absent=self.absent + other.absent,
            null=self.null + other.null,
            type=self.type + other.type,
            range=self.range + other.range,
            domain=self.domain + other.domain,
            examples=_first(self.examples + other.examples),
        )


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A column apart: which rows hold a value of the right type, the values, and the faults."""

    null: Mask
    usable: Mask
    numbers: Floats
    """The usable values of a numeric field; empty for others."""
    words: Sequence[str]
    """The usable values of any other field as text; empty for numeric ones."""
    faults: Faults


def checked(field: Field, values: Values, absent: int) -> Checked:
    """A column held against the contract.

    A value of another type says nothing about the distribution and is left out of it. One that is
    out of range stays in: it is what callers send, and what a changed unit looks like.
    """
    kinds = frozenset(map(type, values))
    null = np.zeros(len(values), dtype=np.bool_)
    if type(None) in kinds:
        null = np.array([value is None for value in values], dtype=np.bool_)
    counted = Faults(rows=len(values), absent=absent, null=int(null.sum()))
    if field.is_numeric:
        return _checked_numbers(field, _floats(field, values, kinds), values, counted, null)
    return _checked_words(field, values, counted, null)


def _checked_numbers(
    field: Field, numbers: Floats, values: Values, counted: Faults, null: Mask
) -> Checked:
    usable = np.isfinite(numbers)
    low = -math.inf if field.min is None else field.min
    high = math.inf if field.max is None else field.max
    outside = usable & ((numbers < low) | (numbers > high))
    if field.allowed is None:
        unlisted = np.zeros_like(usable)
    else:
        unlisted = usable & ~np.isin(numbers, np.array(field.allowed, dtype=np.float64))
    faults = _with(counted, values, ~usable & ~null, outside, unlisted & ~outside)
    return Checked(null=null, usable=usable, numbers=numbers[usable], words=(), faults=faults)


def _floats(field: Field, values: Values, kinds: frozenset[type]) -> Floats:
    """Values as numbers; what is none, or of another type, is not a number."""
    if kinds <= _PLAIN[field.type]:
        try:
            return np.array(values, dtype=np.float64)
        except OverflowError:
            pass  # an integer beyond every float: found one by one below
    return np.fromiter(
        (_float(field, value) for value in values), dtype=np.float64, count=len(values)
    )


def _float(field: Field, value: object) -> float:
    if isinstance(value, int | float) and field.has_type(value):
        try:
            return float(value)
        except OverflowError:
            return math.nan
    return math.nan


def _checked_words(field: Field, values: Values, counted: Faults, null: Mask) -> Checked:
    wanted = str if field.type == "string" else bool
    usable = np.array([isinstance(value, wanted) for value in values], dtype=np.bool_)
    words = [text_of(value) for value in compress(values, usable)]
    unlisted = np.zeros_like(usable)
    if field.allowed is not None:
        allowed = frozenset(map(text_of, field.allowed))
        unlisted[usable] = [word not in allowed for word in words]
    faults = _with(counted, values, ~usable & ~null, np.zeros_like(usable), unlisted)
    return Checked(null=null, usable=usable, numbers=np.empty(0), words=words, faults=faults)


def _with(counted: Faults, values: Values, typed: Mask, outside: Mask, unlisted: Mask) -> Faults:
    found = Faults(
        type=int(typed.sum()),
        range=int(outside.sum()),
        domain=int(unlisted.sum()),
        examples=_examples(values, typed | outside | unlisted),
    )
    return counted.merged(found)


def _examples(values: Values, at_fault: Mask) -> tuple[str, ...]:
    return _first(tuple({_shown(value) for value in compress(values, at_fault)}))


def _first(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts))[:_EXAMPLES])


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
