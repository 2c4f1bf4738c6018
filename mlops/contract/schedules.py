"""Which schedule expressions EventBridge accepts; no template validator checks them.

Grammar: EventBridge Scheduler User Guide, "Schedule types". Only the forms a contract needs are
accepted: cron with six fields, and rate.
"""

import re
from calendar import monthrange
from typing import Final

# What an editor checks while one types; the rest is checked below.
SCHEDULE_PATTERN: Final = (
    r"^(?:rate\([0-9]{1,6} (?:minute|hour|day)s?\)|cron\((?:[^() ]+ ){5}[^() ]+\))$"
)

_MONTHS: Final = (
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
)
_HOURS_PER_DAY: Final = 24
_THIS_YEAR: Final = 2026
"""The year of this code, not of the clock: the same file has the same verdict on every day."""
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day-of-month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day-of-week", 1, 7, _DAYS),
    ("year", 1970, 2199, ()),
)


def schedule_problem(expression: str) -> str | None:
    """Why an expression is refused, or None when EventBridge takes it."""
    rate = re.fullmatch(r"rate\(([0-9]{1,6}) (minute|hour|day)(s?)\)", expression)
    if rate:
        return _rate_problem(int(rate[1]), plural=bool(rate[3]))
    cron = re.fullmatch(r"cron\(([^()]*)\)", expression)
    if cron is None:
        return "it is neither cron(...) nor rate(...)"
    return _cron_problem(cron[1].split(" "))


def runs_daily(expression: str) -> bool:
    """Whether a valid expression fires at least once in every day."""
    rate = re.fullmatch(r"rate\(([0-9]{1,6}) (minute|hour|day)s?\)", expression)
    if rate:
        hours = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}[rate[2]]
        return int(rate[1]) * hours <= _HOURS_PER_DAY
    days = expression.removeprefix("cron(").removesuffix(")").split(" ")[2:]
    return all(part in ("*", "?") for part in days)


def _rate_problem(count: int, *, plural: bool) -> str | None:
    if count < 1:
        return "a rate is at least 1"
    if plural is (count == 1):
        return "1 takes the singular unit, every other number the plural"
    return None


def _cron_problem(parts: list[str]) -> str | None:
    if len(parts) != len(_FIELDS):
        return f"cron takes {len(_FIELDS)} fields, this has {len(parts)}"
    for (name, low, high, words), part in zip(_FIELDS, parts, strict=True):
        if not _field_is_valid(name, part, low, high, words):
            return f"{part!r} is not a valid {name}"
    if (parts[2] == "?") is (parts[4] == "?"):
        return "exactly one of day-of-month and day-of-week is ?"
    return _never_problem(parts[2], parts[3], parts[5])


def _never_problem(days: str, months: str, years: str) -> str | None:
    """Why a cron of valid fields fires on no day to come."""
    years_to_come = [year for year in _values(years, "year") if year >= _THIS_YEAR]
    if not years_to_come:
        return f"it never fires: {years} is over"
    if days in ("?", "L", "LW"):
        return None
    last = max(
        monthrange(year, month)[1] for year in years_to_come for month in _values(months, "month")
    )
    if min(_values(days, "day-of-month")) > last:
        return f"it never fires: month {months} has no day {days}"
    return None


def _values(part: str, name: str) -> set[int]:
    """Every number that a valid field stands for."""
    _, low, high, words = next(field for field in _FIELDS if field[0] == name)
    found: set[int] = set()
    for item in part.split(","):
        base, _, step = item.partition("/")
        first, _, last = base.partition("-")
        start = low if base == "*" else _number(first, words) or low
        end = (_number(last, words) if last else None) or (high if step or base == "*" else start)
        found.update(range(start, end + 1, int(step or 1)))
    return found


def _field_is_valid(name: str, part: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    if part == "?":
        return name in ("day-of-month", "day-of-week")
    if name == "day-of-month" and part in ("L", "LW"):
        return True
    return all(_item_is_valid(item, low, high, words) for item in part.split(","))


def _item_is_valid(item: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    base, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdigit() and 1 <= int(step) <= high):
        return False
    if base == "*":
        return True
    ends = [_number(end, words) for end in base.split("-")]
    if len(ends) > 2 or any(end is None or not low <= end <= high for end in ends):  # noqa: PLR2004  # a range has two ends
        return False
    return len(ends) == 1 or (ends[0] or 0) <= (ends[1] or 0)


def _number(text: str, words: tuple[str, ...]) -> int | None:
    if text.upper() in words:
        return words.index(text.upper()) + 1
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None  # noqa: PLR2004  # a year
