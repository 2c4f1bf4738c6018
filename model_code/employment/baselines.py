"""What a person would answer without a model; a version that does not beat it is worth nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference import DECIDED_FROM, SURE
from jobs.baselines import ALWAYS, Key, means
from jobs.classification import Scored
from jobs.contract import Row, load_contract
from people import employed

KEYS: dict[str, Key] = {
    "share_of_all": ALWAYS,
    "share_of_the_age": lambda row: row["age"],
    "share_of_age_and_education": lambda row: (row["age"], row["education"]),
}


def scored(train: Sequence[Row], rows: Sequence[Row]) -> dict[str, Scored]:
    """Per baseline, the share of the employed among the training rows that share the row's key."""
    target, truth = load_contract().target, employed(rows)
    found = {}
    for name, key in KEYS.items():
        share = np.clip(means(train, rows, key, target), SURE, 1 - SURE)
        decided = (share >= DECIDED_FROM).astype(np.float64)
        found[name] = Scored(truth=truth, probability=share, decided=decided)
    return found
