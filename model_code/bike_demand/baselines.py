"""What a person would answer without a model; a version that does not beat it is worth nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from contract import Row
from metrics import Numbers

Key = Callable[[Row], Hashable]
_ALWAYS: Key = lambda row: "always"  # noqa: ARG005, E731 - one key for every row, by intention

KEYS: dict[str, Key] = {
    "mean": _ALWAYS,
    "hour_of_day_mean": lambda row: row["hour"],
    "hour_of_week_mean": lambda row: (row["weekday"], row["hour"]),
}


def predictions(train: Sequence[Row], rows: Sequence[Row], target: str) -> dict[str, Numbers]:
    """Per baseline, the mean of the training rows that share the row's key."""
    return {name: _means(train, rows, key, target) for name, key in KEYS.items()}


def _means(train: Sequence[Row], rows: Sequence[Row], key: Key, target: str) -> Numbers:
    groups: dict[Hashable, list[Any]] = defaultdict(list)
    for row in train:
        groups[key(row)].append(row[target])
    overall = float(np.mean([row[target] for row in train]))
    means = {group: float(np.mean(values)) for group, values in groups.items()}
    return np.array([means.get(key(row), overall) for row in rows])
