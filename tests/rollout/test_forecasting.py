import math
from dataclasses import replace
from statistics import NormalDist

import pytest

from mlops.rollout import (
    AlarmWindow,
    Arrivals,
    CanaryPolicy,
    Expectation,
    Load,
    Setting,
    Shift,
    Target,
    against,
    data_point,
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


def test_each_strategy_is_watched_in_its_own_steps() -> None:
    linear = _with(strategy="linear", size_percent=30, bake_minutes=7)
    rolling = _with(strategy="rolling", size_percent=50, bake_minutes=7, final_bake_minutes=9)
    steps = tuple(Shift(share=s, seconds=420) for s in (0.3, 0.6, 0.9))
    final = Shift(share=1.0, seconds=600)

    assert CONFIGURED.watched_shifts == (Shift(share=0.1, seconds=900),)
    assert CONFIGURED.all_shifts == (Shift(share=0.1, seconds=900), final)
    assert linear.watched_shifts == steps
    assert linear.all_shifts == (*steps, final)
    # After the last batch a rolling update waits as after each; there is no old fleet to keep.
    assert rolling.all_shifts == (Shift(share=0.5, seconds=420), Shift(share=1.0, seconds=420))
    assert _with(strategy="all-at-once").watched_shifts == (final,)
    assert _with(strategy="all-at-once").all_shifts == (final,)


@pytest.mark.parametrize(
    ("instances", "share", "possible"),
    [
        (2, 0.1, {0.1, 0.5}), (10, 0.1, {0.1}), (4, 0.3, {0.25, 0.3, 0.5}), (1, 0.5, {0.5, 1.0}),
        (3, 1.0, {1.0}),
    ],
)  # fmt: skip
def test_a_share_may_be_rounded_to_instances_in_either_direction(
    instances: int, share: float, possible: set[float]
) -> None:
    assert set(replace(EXPECTED, instances=instances).possible_shares(share)) == possible


def test_a_share_counts_as_it_rounds_worst() -> None:
    rounded, exact = (
        forecast(CONFIGURED, replace(EXPECTED, instances=n, requests_per_minute=100), TARGET)
        for n in (2, 10)
    )
    half = forecast(_with(size_percent=50), replace(EXPECTED, requests_per_minute=100), TARGET)

    assert rounded.errors.probability == exact.errors.probability < half.errors.probability
    assert rounded.false_rollback == half.false_rollback > exact.false_rollback
    assert rounded.expected_harmed == half.expected_harmed > exact.expected_harmed


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


def test_a_false_rollback_counts_every_kind_of_signal_and_the_final_bake() -> None:
    found = forecast(CONFIGURED, EXPECTED, TARGET)
    thin = replace(EXPECTED, requests_per_minute=30)
    shorter = forecast(_with(final_bake_minutes=6), thin, TARGET)
    deaf = replace(CONFIGURED, latency_p99_ms=60_000.0)
    blind = replace(CONFIGURED, error_ratio=0.9, model_error_ratio=0.9)
    errors, latency = (forecast(one, thin, TARGET).false_rollback for one in (deaf, blind))

    assert forecast(CONFIGURED, thin, TARGET).false_rollback == pytest.approx(
        1 - (1 - errors) * (1 - latency)
    )
    assert min(errors, latency) > 0
    assert forecast(CONFIGURED, thin, TARGET).false_rollback > 1.1 * shorter.false_rollback
    quiet = forecast(CONFIGURED, replace(EXPECTED, error_ratio=0), TARGET)
    assert quiet.false_rollback < found.false_rollback


def test_alarms_on_the_same_errors_turn_red_together() -> None:
    strict, lax = (replace(CONFIGURED, error_ratio=ratio) for ratio in (0.02, 0.2))
    thin = replace(EXPECTED, requests_per_minute=30)

    both, one = (forecast(setting, thin, TARGET) for setting in (strict, lax))

    assert both.false_rollback == pytest.approx(one.false_rollback)
    assert both.errors.probability == pytest.approx(one.errors.probability)


def test_a_false_rollback_counts_every_minute_of_both_bakes() -> None:
    """Only the alarm on errors can fire here: 15 minutes with 30 requests, then 10 with 300."""
    nervous = replace(
        CONFIGURED,
        window=AlarmWindow(evaluation_periods=1, datapoints_to_alarm=1),
        error_ratio=0.004,
        model_error_ratio=0.9,
        latency_p99_ms=60_000.0,
    )

    def chance(requests: float) -> float:
        load = Load(callers=requests)
        return data_point(
            nervous.signals[0], load, bad=0.001, arrivals=Arrivals(), minutes=1
        ).breach

    found = forecast(nervous, replace(EXPECTED, instances=10), TARGET).false_rollback

    # The shift begins in the middle of a minute.
    whole = (1 - chance(30)) ** 14 * (1 - chance(300)) ** 9
    cut = (15, 165, 150)
    assert found == pytest.approx(1 - whole * math.prod(1 - chance(n) for n in cut))


def test_the_probers_requests_count_as_the_callers_do() -> None:
    probed = replace(CONFIGURED, minimum_invocations=100)
    idle = replace(EXPECTED, requests_per_minute=2)

    assert probed.requests_per_minute(2) == 102
    assert forecast(probed, idle, TARGET).reaches(replace(TARGET, detection=0.6))
    assert forecast(CONFIGURED, idle, TARGET).detection < 0.01
    given = replace(probed, probes=40)
    assert given.requests_per_minute(2) == 42


def test_the_probers_power_is_that_of_its_own_requests() -> None:
    """Its metric has no data points of callers, however many there are."""
    probing = replace(CONFIGURED, probes=60)
    alone = forecast(probing, replace(EXPECTED, requests_per_minute=0), TARGET).answers
    among_many = forecast(probing, replace(EXPECTED, requests_per_minute=9000), TARGET).answers

    assert alone is not None
    assert among_many is not None
    assert 0.5 < alone.probability < 1
    assert among_many.probability == alone.probability
    assert among_many.expected_harmed > 10 * alone.expected_harmed


def test_without_probes_nobody_looks_at_the_answers() -> None:
    assert forecast(replace(CONFIGURED, probes=0), EXPECTED, TARGET).answers is None


def test_more_wrong_answers_are_caught_more_surely() -> None:
    probing = replace(CONFIGURED, probes=60)
    found = [
        forecast(probing, EXPECTED, replace(TARGET, wrong_answer_ratio=ratio)).answers
        for ratio in (0.05, 0.1, 0.3)
    ]

    chances = [one.probability for one in found if one is not None]
    assert chances == sorted(set(chances))
    assert len(chances) == 3
