"""Figures of a week beside what was promised."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_handlers.monitoring.week import Week

Weeks = Callable[..., Week]


def test_shares_are_of_all_requests_of_the_week(a_week: Weeks) -> None:
    week = a_week(requests=[100.0] * 7, server_errors=[14.0] + [0.0] * 6)

    assert week.requests == 700
    assert week.error_share("5XX") == 0.02
    assert week.error_share("4XX") == 0


def test_a_week_without_requests_has_no_share_and_no_latency(a_week: Weeks) -> None:
    week = a_week(requests=[], p50=[], p99=[])

    assert week.error_share("5XX") == 0
    assert week.usual_p50_ms is None
    assert week.slow_days == []


def test_latency_is_told_in_milliseconds_against_the_objective(a_week: Weeks) -> None:
    week = a_week(p50=[20_000.0] * 6 + [90_000.0], p99=[150_000.0] * 5 + [200_000.0, 200_001.0])

    assert week.usual_p50_ms == 20
    assert [day.day for day in week.slow_days] == [1]


def test_a_check_that_alarmed_on_any_day_is_counted(a_week: Weeks) -> None:
    week = a_week(checks={"inputs": [0.0, 1.0, 1.0], "bias": [0.0]})

    assert week.alarming == {"inputs": 2}


def test_fields_are_told_by_their_worst_day_the_largest_first(a_week: Weeks) -> None:
    week = a_week(indices={"age": [0.1, 0.3], "income": [0.4]}, fields=("age", "income", "city"))

    assert week.indices == [("income", 0.4), ("age", 0.3)]


@pytest.mark.parametrize(
    ("values", "missed"), [([0.7, 0.8], []), ([0.9, 0.79], ["at least 0.8"]), ([], [])]
)
def test_quality_is_the_last_windows(a_week: Weeks, values: list[float], missed: Any) -> None:
    limit = {"metric": "accuracy", "comparison": "at_least", "threshold": 0.8}
    week = a_week(performance={"accuracy": values}, limits=(limit,))

    assert week.missed("accuracy") == missed
    assert week.quality == ({"accuracy": values[-1]} if values else {})


def test_a_limit_from_above_is_missed_above_it(a_week: Weeks) -> None:
    limit = {"metric": "brier", "comparison": "at_most", "threshold": 0.2}
    week = a_week(performance={"brier": [0.21]}, metrics=("brier",), limits=(limit,))

    assert week.missed("brier") == ["at most 0.2"]


def test_hours_without_requests_count_the_smallest_fleet(a_week: Weeks) -> None:
    week = a_week(hourly={0: (90.0, 30.0), 1: (80.0, 20.0)}, min_instances=2)

    assert week.instance_hours == 3 + 4 + 2 * 166


def test_a_week_with_requests_in_every_hour_counts_no_further_ones(a_week: Weeks) -> None:
    week = a_week(hourly=dict.fromkeys(range(168), (90.0, 30.0)), min_instances=2)

    assert week.instance_hours == 3 * 168


def test_a_metric_is_told_with_its_own_limits_alone(a_week: Weeks) -> None:
    limits = (
        {"metric": "accuracy", "comparison": "at_least", "threshold": 0.8},
        {"metric": "brier", "comparison": "at_most", "threshold": 0.2},
    )
    week = a_week(metrics=("accuracy", "brier"), limits=limits)

    assert week.limits("accuracy") == ["at least 0.8"]
    assert week.limits("brier") == ["at most 0.2"]
