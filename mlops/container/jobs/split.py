"""Which part a row belongs to, by nothing but a key of its own.

A hash decides, so a row stays in its part when other rows come or go, on every machine and for
good. Rows that belong together (hours of a day, people of a household) share a key.
"""

from __future__ import annotations

import hashlib
from datetime import date


def part_of(key: str, *, test: float, validation: float) -> str:
    """`test` and `validation` for these shares of all keys, `train` for the rest."""
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    if share < test:
        return "test"
    return "validation" if share < test + validation else "train"


def is_later(day: date, training_end: date | None) -> bool:
    """Whether a row of this day comes too late to be trained on; without an end none does."""
    return training_end is not None and day >= training_end
