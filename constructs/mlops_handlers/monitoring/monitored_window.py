"""Which days a run of the drift job looks at, and where their files are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

LATEST: Final = "latest"
"""What an execution is given that shall look at the newest days whose labels are due."""


@dataclass(frozen=True, kw_only=True)
class MonitoredWindow:
    """Whole days in UTC, from the first on and without the last one's end."""

    start: date
    end: date

    @classmethod
    def asked(cls, end: str, *, now: str, days: int, delay_days: int) -> "MonitoredWindow":
        """The window that ends with the given day, or with the newest one whose labels are due.

        Raises:
            ValueError: `end` is neither a day nor `latest`.
        """
        if end == LATEST:
            last = _moment(now).date() - timedelta(days=delay_days)
        else:
            last = date.fromisoformat(end)
        return cls(start=last - timedelta(days=days), end=last)

    @property
    def days(self) -> Iterator[date]:
        """Its days in order."""
        for number in range((self.end - self.start).days):
            yield self.start + timedelta(days=number)

    @property
    def bounds(self) -> tuple[str, str]:
        """Its first moment and the one after its last."""
        return _midnight(self.start).isoformat(), _midnight(self.end).isoformat()

    def prefixes(self, home: str) -> list[str]:
        """Prefixes of the days' files; data capture and ground truth are kept by day and hour."""
        return [f"{home}/{day:%Y/%m/%d}/" for day in self.days]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
