from dataclasses import replace
from statistics import NormalDist

import pytest

from mlops.rollout import (
    AlarmWindow,
    CanaryPolicy,
    Expectation,
    Setting,
    Shift,
    Target,
    against,
    breach_probability,
    forecast,
)

CONFIGURED = Setting(
    policy=CanaryPolicy(size_percent=10, bake_minutes=15),
    window=AlarmWindow(),
    error_ratio=0.02,
    model_error_ratio=0.02,
    latency_p99_ms=300.0,
)
EXPECTED = Expectation(requests_per_minute=300, latency_p99_ms=200)
TARGET = Target()


def _with(**keys: object) -> Setting:
    return replace(CONFIGURED, policy=replace(CONFIGURED.policy, **keys))  # type: ignore[arg-type]  # keys vary


def test_a_canary_has_one_partial_share_and_a_linear_policy_has_steps() -> None:
    linear = _with(strategy="linear", size_percent=30, bake_minutes=7)

    assert CONFIGURED.partial_shifts == (Shift(share=0.1, seconds=900),)
    assert linear.partial_shifts == tuple(Shift(share=s, seconds=420) for s in (0.3, 0.6, 0.9))
    assert _with(strategy="all-at-once").partial_shifts == ()


def test_a_latency_model_has_its_p99_and_its_median_where_they_were_put() -> None:
    expectation = Expectation(requests_per_minute=1, latency_p99_ms=200, tail_ratio=4)

    assert expectation.slower_than(200) == pytest.approx(0.01)
    assert expectation.slower_than(50) == pytest.approx(0.5)
    assert expectation.slower_than(400, factor=2) == pytest.approx(0.01)
    spread = (0.99, NormalDist().cdf(2 * NormalDist().inv_cdf(0.99)))
    assert 1 - expectation.slower_than(800) == pytest.approx(spread[1])


def test_detection_is_that_of_the_regression_harder_to_catch() -> None:
    found = forecast(CONFIGURED, EXPECTED, TARGET)

    assert found.errors == against(CONFIGURED, EXPECTED, added_error_ratio=0.05)
    assert found.latency == against(CONFIGURED, EXPECTED, latency_factor=2)
    assert found.detection == min(found.errors.probability, found.latency.probability)
    assert found.reaches(TARGET)


def test_a_false_rollback_counts_every_signal_and_the_final_bake() -> None:
    found = forecast(CONFIGURED, EXPECTED, TARGET)
    thin = replace(EXPECTED, requests_per_minute=30)
    shorter = forecast(_with(final_bake_minutes=6), thin, TARGET)
    quiet = forecast(CONFIGURED, replace(EXPECTED, error_ratio=0), TARGET)

    # Nothing regressed, and yet the best signal alone fires this often within the bake.
    alone = against(CONFIGURED, EXPECTED).probability
    assert found.false_rollback > 2 * alone > 0
    assert forecast(CONFIGURED, thin, TARGET).false_rollback > 1.2 * shorter.false_rollback
    assert quiet.false_rollback < found.false_rollback


def test_a_false_rollback_counts_every_minute_of_both_bakes() -> None:
    """Only the alarm on errors can fire here: 15 minutes with 30 requests, then 10 with 300."""
    nervous = replace(
        CONFIGURED,
        window=AlarmWindow(evaluation_periods=1, datapoints_to_alarm=1),
        error_ratio=0.004,
        model_error_ratio=0.9,
        latency_p99_ms=60_000.0,
    )
    part, full = (breach_probability(nervous.signals[0], n, 0.001) for n in (30, 300))

    found = forecast(nervous, EXPECTED, TARGET).false_rollback

    assert found == pytest.approx(1 - (1 - part) ** 15 * (1 - full) ** 10)


def test_an_endpoint_wide_backstop_adds_no_detection_and_no_second_opinion() -> None:
    backed = replace(CONFIGURED, endpoint_error_ratio=0.5)

    plain, found = (forecast(s, EXPECTED, TARGET) for s in (CONFIGURED, backed))

    assert found.errors == plain.errors
    assert found.latency == plain.latency
    assert found.false_rollback == pytest.approx(plain.false_rollback)
