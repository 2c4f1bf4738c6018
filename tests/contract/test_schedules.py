import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.contract.schedules import SCHEDULE_PATTERN, runs_daily, schedule_problem

MINUTE = st.integers(0, 59).map(str) | st.sampled_from(["*", "0/15", "1,2,3", "5-10", "*/5"])
HOUR = st.integers(0, 23).map(str) | st.sampled_from(["*", "0/6", "8-17"])
DAY = st.integers(1, 28).map(str) | st.sampled_from(["*", "L", "LW", "1,15"])
MONTH = st.integers(1, 12).map(str) | st.sampled_from(["*", "JAN", "jun-AUG", "1/3"])
WEEKDAY = st.integers(1, 7).map(str) | st.sampled_from(["*", "MON-FRI", "SUN", "mon,wed"])
YEAR = st.sampled_from(["*", "2028", "2026-2030", "2199", "2020/4"])
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@given(st.data())
def test_every_well_formed_cron_is_taken(data: st.DataObject) -> None:
    days = data.draw(st.sampled_from([(DAY, st.just("?")), (st.just("?"), WEEKDAY)]))
    parts = [data.draw(part) for part in (MINUTE, HOUR, days[0], MONTH, days[1], YEAR)]

    assert schedule_problem(f"cron({' '.join(parts)})") is None


@given(st.integers(2, 999_999), st.sampled_from(["minutes", "hours", "days"]))
def test_every_well_formed_rate_is_taken(count: int, unit: str) -> None:
    assert schedule_problem(f"rate({count} {unit})") is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "neither"),
        ("0 3 * * *", "neither"),
        ("cron(0 3 * * *)", "takes 6 fields, this has 5"),
        ("cron(0  3 ? * MON *)", "takes 6 fields"),
        ("cron(60 3 ? * MON *)", "'60' is not a valid minute"),
        ("cron(0 24 ? * MON *)", "'24' is not a valid hour"),
        ("cron(0 3 32 * ? *)", "'32' is not a valid day-of-month"),
        ("cron(0 3 ? 13 MON *)", "'13' is not a valid month"),
        ("cron(0 3 ? * 8 *)", "'8' is not a valid day-of-week"),
        ("cron(0 3 ? * MOON *)", "'MOON' is not a valid day-of-week"),
        ("cron(0 3 ? * MON 1969)", "'1969' is not a valid year"),
        ("cron(? 3 ? * MON *)", "'?' is not a valid minute"),
        ("cron(0 3 * * * *)", "exactly one"),
        ("cron(0 3 ? * ? *)", "exactly one"),
        ("cron(5-1 3 ? * MON *)", "'5-1' is not a valid minute"),
        ("cron(1-2-3 3 ? * MON *)", "'1-2-3' is not a valid minute"),
        ("cron(0/0 3 ? * MON *)", "'0/0' is not a valid minute"),
        ("cron(0/x 3 ? * MON *)", "'0/x' is not a valid minute"),
        ("cron(0/ 3 ? * MON *)", "'0/' is not a valid minute"),
        ("cron(0 3 L-3 * MON *)", "is not a valid day-of-month"),
        ("cron(², 3 ? * MON *)", "is not a valid minute"),
        ("cron(0 3 31 2 ? *)", "never fires: month 2 has no day 31"),
        ("cron(0 3 30-31 FEB ? *)", "never fires: month FEB has no day 30-31"),
        ("cron(0 3 31 4,JUN,9,11 ? *)", "never fires"),
        ("cron(0 3 29 2 ? 2027)", "never fires"),
        ("cron(0 3 1 1 ? 2025)", "never fires: 2025 is over"),
        ("cron(0 3 ? 1 MON 1970-2025)", "never fires"),
        ("rate(0 days)", "at least 1"),
        ("rate(1 days)", "singular"),
        ("rate(2 day)", "plural"),
        ("rate(1 week)", "neither"),
        ("at(2026-01-01T00:00:00)", "neither"),
    ],
)
def test_what_eventbridge_refuses_is_refused_with_the_reason(expression: str, message: str) -> None:
    assert message in (schedule_problem(expression) or "")


@given(st.text() | st.text("cronrate()0123456789 *?/-,LWMON", max_size=30))
def test_any_text_is_judged_and_the_editors_pattern_is_never_stricter(text: str) -> None:
    problem = schedule_problem(text)

    assert problem is not None or re.search(SCHEDULE_PATTERN, text)


@pytest.mark.parametrize(
    ("expression", "daily"),
    [
        ("cron(0 6 ? * * *)", True),
        ("cron(0/5 * * * ? *)", True),
        ("rate(24 hours)", True),
        ("rate(1 day)", True),
        ("rate(25 hours)", False),
        ("rate(2 days)", False),
        ("cron(0 6 ? * MON-FRI *)", False),
        ("cron(0 6 1 * ? *)", False),
        ("cron(0 6 * JAN ? *)", False),
        ("cron(0 6 * * ? 2027)", False),
    ],
)
def test_a_schedule_knows_whether_it_fires_every_day(expression: str, daily: bool) -> None:
    assert runs_daily(expression) is daily


@given(day=st.integers(1, 31), month=st.integers(1, 12), year=st.integers(2026, 2199))
def test_a_day_is_refused_exactly_where_the_calendar_has_none(
    day: int, month: int, year: int
) -> None:
    try:
        date(year, month, day)
        exists = True
    except ValueError:
        exists = False

    problem = schedule_problem(f"cron(0 3 {day} {MONTHS[month - 1]} ? {year})")

    assert (problem is None) is exists


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 3 29 2 ? *)", "cron(0 3 29 2 ? 2028)", "cron(0 3 31 */5 ? *)",
        "cron(0 3 15/16 2 ? *)", "cron(0 3 L 2 ? *)", "cron(0 3 31 1-2 ? *)",
        "cron(0 3 30,31,1 2 ? *)", "cron(0 3 */30 2 ? *)",
    ],
)  # fmt: skip
def test_a_schedule_that_fires_at_all_is_taken(expression: str) -> None:
    assert schedule_problem(expression) is None
