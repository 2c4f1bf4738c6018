"""Only what the canary answered while it was one counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_handlers.rollout.canary_traffic import (
    CanaryBake,
    Fleet,
    canary_invocations,
    had_traffic,
    invocations_in,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
BAKE = CanaryBake(share=0.1, length=timedelta(minutes=3))


def minutes(*counts: float) -> dict[datetime, float]:
    """One count a minute; minutes without a request have no data point."""
    found = {START + timedelta(minutes=n): count for n, count in enumerate(counts)}
    return {minute: count for minute, count in found.items() if count}


def test_requests_within_the_bake_are_counted() -> None:
    assert invocations_in(BAKE, new=minutes(10, 11, 9), both=minutes(100, 100, 100)) == 30


def test_requests_after_the_shift_do_not_stand_in_for_missing_ones() -> None:
    both = minutes(100, 100, 100, 100, 100)

    assert invocations_in(BAKE, new=minutes(0, 0, 0, 100, 100), both=both) == 0


def test_requests_after_the_bake_are_not_counted() -> None:
    both = minutes(100, 100, 100, 100)

    assert invocations_in(BAKE, new=minutes(10, 10, 10, 10), both=both) == 30


def test_the_minute_of_the_shift_is_no_canary() -> None:
    assert invocations_in(BAKE, new=minutes(10, 80), both=minutes(100, 100)) == 10


def test_without_a_canary_every_minute_of_the_bake_counts() -> None:
    whole = CanaryBake(share=1.0, length=timedelta(minutes=2))

    assert invocations_in(whole, new=minutes(100, 100, 100), both=minutes(100, 100, 100)) == 200


def test_a_fleet_without_metrics_had_no_requests() -> None:
    assert invocations_in(BAKE, new={}, both=minutes(100)) == 0


@pytest.mark.parametrize(("status", "known"), [("Complete", True), ("InternalError", False)])
def test_what_cloudwatch_could_not_read_is_not_known(aws: Any, status: str, *, known: bool) -> None:
    aws.operations["GetMetricData"] = lambda **_: {
        "MetricDataResults": [
            {"Id": id_, "StatusCode": status, "Timestamps": [START], "Values": [value]}
            for id_, value in (("both", 100.0), ("new", 10.0))
        ]
    }
    fleet = Fleet(endpoint="e", variant="v", config="c", start=START, end=START)

    found = canary_invocations(aws.client("cloudwatch"), fleet, BAKE)

    assert found == (10 if known else None)


@pytest.mark.parametrize(
    ("status", "values", "used"),
    [("Complete", [7.0], True), ("Complete", [], False), ("InternalError", [7.0], None)],
)
def test_a_fleet_was_used_if_it_has_any_requests_at_all(
    aws: Any, status: str, values: list[float], used: bool | None
) -> None:
    aws.operations["GetMetricData"] = lambda **_: {
        "MetricDataResults": [
            {"Id": "both", "StatusCode": status, "Timestamps": [START], "Values": [100.0]},
            {
                "Id": "new",
                "StatusCode": status,
                "Timestamps": [START] * len(values),
                "Values": values,
            },
        ]
    }
    fleet = Fleet(endpoint="e", variant="v", config="c", start=START, end=START)

    assert had_traffic(aws.client("cloudwatch"), fleet) is used
