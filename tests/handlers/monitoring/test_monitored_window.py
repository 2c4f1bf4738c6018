"""A window is whole days that have ended and whose labels are due."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_handlers.monitoring.monitored_window import LATEST, MonitoredWindow

NOW = "2026-03-02T06:00:11.123000+00:00"


def asked(end: str = LATEST, *, now: str = NOW, days: int = 1, delay: int = 0) -> MonitoredWindow:
    return MonitoredWindow.asked(end, now=now, days=days, delay_days=delay)


def test_the_newest_window_is_yesterday() -> None:
    window = asked()

    assert window.bounds == ("2026-03-01T00:00:00+00:00", "2026-03-02T00:00:00+00:00")
    assert window.prefixes("home") == ["home/2026/03/01/"]


def test_it_waits_for_labels_and_looks_back_over_a_months_end() -> None:
    window = asked(days=3, delay=1)

    assert window.prefixes("h") == ["h/2026/02/26/", "h/2026/02/27/", "h/2026/02/28/"]


def test_the_day_is_the_one_in_utc_whatever_the_clock_says() -> None:
    assert asked(now="2026-03-02T01:00:00+02:00").end == date(2026, 3, 1)
    assert asked(now="2026-03-02T00:00:00Z").end == date(2026, 3, 2)


def test_a_person_may_ask_for_any_window_and_no_delay_is_added() -> None:
    assert asked("2012-05-01", days=30, delay=2).start == date(2012, 4, 1)


def test_what_is_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="tomorrow"):
        asked("tomorrow")


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), days=st.integers(1, 31))
def test_windows_of_following_runs_touch_and_share_no_day(day: date, days: int) -> None:
    window = asked(day.isoformat(), days=days)
    before = asked(window.start.isoformat(), days=days)

    assert len(list(window.days)) == days
    assert before.end == window.start
    assert not set(before.days) & set(window.days)
