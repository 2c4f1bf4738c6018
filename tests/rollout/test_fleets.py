"""A version is at fault where its fleet did worse than the old one, and by more than chance."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout.fleets import Fleets, FleetSums, needs_comparison

ALARM = "acme-prod-churn-rollback-{}-0123456789ab"
ERRORS, LATENCY = ALARM.format("server-errors"), ALARM.format("latency")


def sums(requests: int, *, failing: int = 0, refused: int = 0, ms: float = 20.0) -> FleetSums:
    return FleetSums(
        requests=requests,
        server_errors=failing,
        failures=failing,
        refusals=refused,
        latency_microseconds=requests * ms * 1000,
    )


@pytest.mark.parametrize("key", ["server-errors", "model-errors"])
def test_more_failures_than_the_old_fleets_are_the_new_ones(key: str) -> None:
    fleets = Fleets(old=sums(3000, failing=3), new=sums(300, failing=15))

    assert fleets.new_is_worse(ALARM.format(key))
    assert not fleets.new_is_worse(LATENCY)


def test_a_dependency_that_fails_both_blames_nobody() -> None:
    fleets = Fleets(old=sums(3000, failing=900, ms=800), new=sums(300, failing=95, ms=820))

    assert not fleets.new_is_worse(ERRORS)
    assert not fleets.new_is_worse(LATENCY)


def test_a_slower_fleet_is_worse_for_the_latency_alarm_alone() -> None:
    fleets = Fleets(old=sums(3000), new=sums(300, ms=80))

    assert fleets.new_is_worse(LATENCY)
    assert not fleets.new_is_worse(ERRORS)


@pytest.mark.parametrize("counted", [True, False], ids=["4xx counted", "4xx not counted"])
def test_refusals_are_no_failures_whether_or_not_they_are_counted(*, counted: bool) -> None:
    refused = 30.0
    new = FleetSums(requests=300, failures=refused if counted else 0, refusals=refused)

    assert new.failure_ratio == 0


def test_failures_that_are_no_5xx_count() -> None:
    assert FleetSums(requests=100, failures=7).failure_ratio == 0.07


@pytest.mark.parametrize("fleets", [(0, 100), (100, 0)])
def test_a_fleet_without_requests_is_compared_with_nothing(fleets: tuple[int, int]) -> None:
    old, new = fleets

    found = Fleets(old=sums(old, failing=0), new=sums(new, failing=new))
    assert not found.new_is_worse(ERRORS)


@pytest.mark.parametrize("key", ["wrong-answers", "client-errors", "fallbacks", "my-latency"])
def test_other_alarms_tell_by_themselves(key: str) -> None:
    fine = Fleets(old=sums(100), new=sums(100))

    assert not needs_comparison(ALARM.format(key))
    assert fine.new_is_worse(ALARM.format(key))


@settings(max_examples=200)
@given(
    share=st.floats(0, 1),
    old=st.integers(50, 3000),
    new=st.integers(50, 3000),
    seed=st.integers(0, 10_000),
)
def test_two_fleets_that_fail_alike_are_hardly_ever_told_apart(
    share: float, old: int, new: int, seed: int
) -> None:
    rng = random.Random(seed)

    def failing(requests: int) -> int:
        return sum(rng.random() < share for _ in range(requests))

    fleets = Fleets(old=sums(old, failing=failing(old)), new=sums(new, failing=failing(new)))
    assert not fleets.new_is_worse(ERRORS)
