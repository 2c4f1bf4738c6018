"""Predictions beside their labels: only rows that have both, and how many have not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .arrays import Floats, Ints
from .bins import text_of
from .capture import Record
from .labels import Labels
from .outcome import Outcome
from .schema import Row

_NUMBERS: Final = ("truth", "prediction", "probability", "low", "high")


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of the window is labelled, so that nobody takes a few labels for all."""

    answered_rows: int
    labelled_rows: int
    misfits: int
    """Requests whose labels are as many as their rows are not; none of theirs is used."""
    unmatched: int
    """Labels for no request of this window: early, late, or for one that was not captured."""
    requests: int = 0
    """Requests of this window that a label could join."""
    matched: int = 0
    """Labels for a request of this window, answered or not."""

    @property
    def share(self) -> float:
        """Labelled rows of the answered ones."""
        return self.labelled_rows / self.answered_rows if self.answered_rows else 0.0


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Labelled rows in columns of numbers; not a number where an answer has no such field."""

    truth: Floats
    prediction: Floats
    probability: Floats
    low: Floats
    high: Floats
    requests: Ints
    groups: Mapping[str, Sequence[str | None]]
    coverage: Coverage


class Join:
    """Collects the labelled rows of a stream; its memory grows with the labels, not the traffic."""

    def __init__(self, labels: Labels, outcome: Outcome, groups: Sequence[str] = ()) -> None:
        self._labels, self._outcome = labels.by_key, outcome
        self._numbers: list[tuple[float, ...]] = []
        self._requests: list[int] = []
        self._groups: dict[str, list[str | None]] = {name: [] for name in groups}
        self._matched: set[str] = set()
        self._answered = self._misfits = self._request = self._asked = 0

    def add(self, batch: Sequence[Record]) -> None:
        """Take the labelled rows of a batch."""
        self._asked += len(batch)
        for record in batch:
            labels = self._labels.get(record.key)
            if labels is not None:
                self._matched.add(record.key)
            if record.outputs is None:
                continue
            self._request += 1
            self._answered += len(record.outputs)
            if labels is None:
                continue
            if len(labels) != len(record.outputs):
                self._misfits += 1
                continue
            for label, row, answer in zip(labels, record.inputs, record.outputs, strict=True):
                self._take(label, row, answer)

    def _take(self, label: float, row: Row, answer: Row) -> None:
        numbers = _numbers(self._outcome, answer)
        if math.isnan(label) or math.isnan(numbers[0]):
            return
        self._numbers.append((label, *numbers))
        self._requests.append(self._request)
        for name, values in self._groups.items():
            values.append(group_of(row.get(name)))

    def scored(self) -> Scored:
        """Everything collected."""
        columns = np.array(self._numbers, dtype=np.float64).reshape(-1, len(_NUMBERS)).T
        return Scored(
            **dict(zip(_NUMBERS, columns, strict=True)),
            requests=np.array(self._requests, dtype=np.int64),
            groups=self._groups,
            coverage=Coverage(
                answered_rows=self._answered,
                labelled_rows=len(self._numbers),
                misfits=self._misfits,
                unmatched=len(self._labels) - len(self._matched),
                requests=self._asked,
                matched=len(self._matched),
            ),
        )


def group_of(value: object) -> str | None:
    """A value as the name of a group."""
    return None if value is None else text_of(value)


def _numbers(outcome: Outcome, answer: Row) -> tuple[float, ...]:
    others: list[Any] = [outcome.probability, outcome.low, outcome.high]
    return (
        outcome.number(answer.get(outcome.prediction)),
        *(math.nan if name is None else _plain(answer.get(name)) for name in others),
    )


def _plain(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)
