from __future__ import annotations

from datetime import date, timedelta

import pytest

from mlops.container.jobs.job import DataError
from mlops.container.jobs.recent import window_of

ROWS = [
    {"date": (date(2012, 6, 1) + timedelta(days=day)).isoformat(), "hour": hour}
    for day in range(30)
    for hour in (3, 4)
]


def test_the_last_days_are_judged_both_ends_included():
    window = window_of(ROWS, days=7)

    assert {row["date"] for row in window.of(ROWS)} == {f"2012-06-{day}" for day in range(24, 31)}
    assert window.told() == {
        "rows": 14, "days": 7, "first": "2012-06-24", "last": "2012-06-30",
    }  # fmt: skip


def test_the_order_of_the_rows_does_not_matter():
    backwards = ROWS[::-1]

    window = window_of(backwards, days=7)

    assert window.of(backwards) == window_of(ROWS, days=7).of(ROWS)[::-1]


def test_more_days_than_there_are_are_all_days():
    assert all(window_of(ROWS, days=365).mask)


def test_without_days_every_row_is_judged_and_none_needs_a_date():
    window = window_of([{"year": "2015"}, {"year": "2016"}], days=None)

    assert window.mask == [True, True]
    assert window.told() == {"rows": 2, "days": None}


def test_days_may_stand_in_another_column():
    assert window_of([{"day": "2012-06-01"}], days=7, note="day").mask == [True]


@pytest.mark.parametrize("row", [{"year": "2015"}, {"date": "1 June"}])
def test_a_row_without_a_day_is_told(row):
    with pytest.raises(DataError, match=r"date is .*; allowed: a day like 2012-01-31"):
        window_of([*ROWS, row], days=7)
