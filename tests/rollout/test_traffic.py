"""Probes suffice for a verdict by themselves, as far as a prober can send them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.rollout import (
    CanaryPolicy,
    ReleaseTraffic,
    most_minimum_invocations,
    quiet_invocations,
)

POLICY = CanaryPolicy(strategy="canary", size_percent=10, bake_minutes=10)
MINIMA = st.one_of(st.integers(1, 50), st.integers(1, 20_000))


def _at_most(count: int, *, expected: float) -> float:
    """P(X <= count) for a Poisson count, term by term."""
    return math.fsum(
        math.exp(n * math.log(expected) - expected - math.lgamma(n + 1)) for n in range(count + 1)
    )


def test_probes_alone_reach_the_minimum_whoever_calls() -> None:
    for callers in (0, 300, 30_000):
        traffic = ReleaseTraffic.of(POLICY, minimum_invocations=100, callers_per_minute=callers)

        # Half as many again as 100, of which a tenth counts, within ten minutes.
        assert traffic.probes_per_minute == 150
        assert traffic.per_minute == callers + 150


def test_a_small_minimum_needs_more_room_for_chance() -> None:
    whole = CanaryPolicy(strategy="all-at-once", final_bake_minutes=3)

    traffic = ReleaseTraffic.of(whole, minimum_invocations=1, callers_per_minute=0)

    assert traffic.probes_per_minute == 3


def test_answers_are_scored_however_little_a_verdict_needs() -> None:
    long = CanaryPolicy(strategy="canary", size_percent=25, bake_minutes=60)

    traffic = ReleaseTraffic.of(long, minimum_invocations=1, callers_per_minute=300)

    assert traffic.probes_per_minute == 8


def test_a_prober_sends_no_more_than_it_can() -> None:
    traffic = ReleaseTraffic.of(POLICY, minimum_invocations=100_000, callers_per_minute=1)

    assert traffic.probes_per_minute == 600


@given(minimum=MINIMA, share=st.integers(1, 50), bake=st.integers(1, 60))
def test_fewer_requests_than_the_minimum_hardly_ever_come(
    minimum: int, share: int, bake: int
) -> None:
    policy = CanaryPolicy(strategy="canary", size_percent=share, bake_minutes=bake)
    traffic = ReleaseTraffic.of(policy, minimum_invocations=minimum, callers_per_minute=0)
    expected = traffic.per_minute * policy.watched_share * policy.watched_minutes

    if traffic.probes_per_minute < 600:
        assert _at_most(minimum - 1, expected=expected) < 1e-3


@pytest.mark.parametrize("callers", [0, 40, 4000])
@pytest.mark.parametrize("share", [1, 7, 50])
def test_the_most_that_is_allowed_is_what_a_quiet_hour_brings(share: int, callers: int) -> None:
    policy = CanaryPolicy(strategy="canary", size_percent=share, bake_minutes=10)
    most = most_minimum_invocations(policy, callers_per_minute=callers)
    expected = quiet_invocations(policy, callers_per_minute=callers)

    assert expected == pytest.approx((callers / 4 + 600) * share / 100 * 10)
    assert _at_most(most - 1, expected=expected) < 1e-3
    assert max(1.5 * (most + 1), (math.sqrt(most + 1) + 2) ** 2) > expected
