"""What a person would answer without a model: the mean of the training rows that look alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from statistics import fmean
from typing import Any

from .contract import Row

Key = Callable[[Row], Hashable]
ALWAYS: Key = lambda row: "always"  # noqa: ARG005, E731 - one key for every row, by intention


def means(train: Sequence[Row], rows: Sequence[Row], key: Key, target: str) -> list[float]:
    """For each row the mean label of the training rows with its key; of all where none has it."""
    groups: dict[Hashable, list[Any]] = defaultdict(list)
    for row in train:
        groups[key(row)].append(row[target])
    overall = fmean(row[target] for row in train)  # type: ignore[misc]  # a label is a number
    known = {group: fmean(values) for group, values in groups.items()}
    return [known.get(key(row), overall) for row in rows]
