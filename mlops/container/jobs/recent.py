"""Which held-out rows a version is judged by: all of them, or those of the last days.

Where the world moves, an old row asks for an answer that was right once. A version is then judged
by the days before its training ended, which are the nearest to those that it will be asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .bodies import Value
from .contract import Row
from .job import DataError


@dataclass(frozen=True, kw_only=True)
class Window:
    """The held-out rows that a version is judged by, as a mask over all of them."""

    mask: list[bool]
    days: int | None
    """None: every row is judged, whenever it is from."""
    first: date | None = None
    last: date | None = None

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """Those of the rows that are judged."""
        return [row for row, judged in zip(rows, self.mask, strict=True) if judged]

    def told(self) -> dict[str, Any]:
        """As evaluation.json says it; both days are part of the window."""
        told: dict[str, Any] = {"rows": sum(self.mask), "days": self.days}
        if self.first is None or self.last is None:
            return told
        return told | {"first": self.first.isoformat(), "last": self.last.isoformat()}


def window_of(rows: Sequence[Row], *, days: int | None, note: str = "date") -> Window:
    """The rows of the last `days` days that the rows know, by a column that holds ISO dates.

    Raises:
        DataError: a row has no such date.
    """
    if days is None:
        return Window(mask=[True] * len(rows), days=None)
    known = [_day(row.get(note), note) for row in rows]
    last = max(known)
    first = last - timedelta(days=days - 1)
    return Window(mask=[day >= first for day in known], days=days, first=first, last=last)


def _day(value: Value, note: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise DataError(
            f"{note} is {value!r}; allowed: a day like 2012-01-31, because the contract judges "
            "recent days; remedy: write the day in preprocess, or remove evaluation.recent_days"
        ) from error
