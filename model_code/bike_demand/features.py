"""The model's features, computed from checked rows; training and inference share this module.

A feature depends on its own row only: no lags, no running means, nothing of another hour. So a
random split of the hours leaks nothing through the features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SATURDAY = WEEKDAYS.index("Sat")
WEATHER = ("Clear", "Mist", "Light Rain", "Heavy Rain")  # from best to worst: an ordinal scale
DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

CALENDAR = ("day_of_year", "hour", "weekday", "holiday", "working_day")
SKY = ("weather",)
MEASUREMENTS = ("temperature", "feels_like", "humidity", "windspeed")
FEATURES = CALENDAR + SKY + MEASUREMENTS

Matrix = NDArray[np.float32]


def matrix(rows: Sequence[Mapping[str, Any]]) -> Matrix:
    """One line of FEATURES per row, in 32-bit floats; what is unknown is NaN."""
    lines = [_line(row) for row in rows]
    return np.array(lines, dtype=np.float32).reshape(-1, len(FEATURES))


def impossible_date(row: Mapping[str, Any]) -> str | None:
    """What is wrong with a row's date, if no year has such a day; 29 February exists."""
    month, day = row["month"], row["day"]
    if 1 <= day <= DAYS_IN_MONTH[month - 1]:
        return None
    return f"day is {day}; allowed: a day that month {month} has"


def _line(row: Mapping[str, Any]) -> list[float | None]:
    weekday = WEEKDAYS.index(row["weekday"])
    return [
        DAYS_BEFORE_MONTH[row["month"] - 1] + row["day"],
        row["hour"],
        weekday,
        row["holiday"],
        weekday < SATURDAY and not row["holiday"],
        _weather(row.get("weather")),
        *(row.get(name) for name in MEASUREMENTS),
    ]


def _weather(name: str | None) -> int | None:
    return None if name is None else WEATHER.index(name)
