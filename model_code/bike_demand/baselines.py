"""What a person would answer without a model; a version that does not beat it is worth nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jobs.baselines import ALWAYS, Key, means
from jobs.contract import Row
from jobs.resampling import Numbers

KEYS: dict[str, Key] = {
    "mean": ALWAYS,
    "hour_of_day_mean": lambda row: row["hour"],
    "hour_of_week_mean": lambda row: (row["weekday"], row["hour"]),
}


def predictions(train: Sequence[Row], rows: Sequence[Row], target: str) -> dict[str, Numbers]:
    """Per baseline, the mean of the training rows that share the row's key."""
    return {name: np.array(means(train, rows, key, target)) for name, key in KEYS.items()}
