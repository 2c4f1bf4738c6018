"""The model's features, computed from checked rows; training and inference share this module.

Codes become numbers as they are: trees split them anywhere, and none of them is a quantity. What
the survey did not ask (null) is NaN, for which every split learns a side of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEATURES = (
    "age", "education", "marital_status", "relationship", "disability", "parents_employment",
    "citizenship", "moved", "military", "ancestry", "nativity", "hearing_difficulty",
    "vision_difficulty", "cognitive_difficulty", "sex", "race",
)  # fmt: skip
ASKED_FROM = {"moved": 1, "education": 3, "cognitive_difficulty": 5, "military": 17}
"""Age in years from which the survey asks; below it the answer is null, and from it on never."""
CHILD_UNTIL = 17
"""The parents' employment is told of children of this age at most, who live with a parent."""

Matrix = NDArray[np.float32]


def matrix(rows: Sequence[Mapping[str, Any]]) -> Matrix:
    """One line of FEATURES per row, in 32-bit floats; what was not asked is NaN."""
    lines = [[_number(row.get(name)) for name in FEATURES] for row in rows]
    return np.array(lines, dtype=np.float32).reshape(-1, len(FEATURES))


def contradiction(row: Mapping[str, Any]) -> str | None:
    """What was answered at an age at which nobody is asked, or not answered where everybody is."""
    age = row["age"]
    for name, asked_from in ASKED_FROM.items():
        value = row.get(name)
        if (value is not None) != (age >= asked_from):
            due = "a value" if age >= asked_from else "null"
            return f"{name} is {value!r} at the age of {age}; allowed: {due}"
    parents = row.get("parents_employment")
    if parents is not None and age > CHILD_UNTIL:
        return f"parents_employment is {parents!r} at the age of {age}; allowed: null"
    return None


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)
