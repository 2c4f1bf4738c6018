import math
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import (
    AlarmWindow,
    Detection,
    Exposure,
    Risk,
    Sample,
    Shift,
    Signal,
    State,
    any_of,
    best_of,
    breach_probability,
    detection,
    history,
    rollback_signals,
    timeline,
)
from mlops.rollout.power import _binomial_tail

WINDOW = AlarmWindow()
LIMIT_MS = 300.0


def _signals(window: AlarmWindow = WINDOW, ratio: float = 0.02) -> dict[str, Signal]:
    found = rollback_signals(
        error_ratio=ratio,
        model_error_ratio=ratio,
        latency_p99_ms=LIMIT_MS,
        window=window,
        endpoint_error_ratio=ratio,
    )
    return {signal.key: signal for signal in found}


def _exposure(rpm: float = 300, share: float = 0.1, minutes: int = 10, **keys: int) -> Exposure:
    shift = Shift(share=share, seconds=minutes * 60)
    return Exposure(requests_per_minute=rpm, shifts=(shift,), **keys)


# A simulation of single requests, judged by `samples` and `alarm` alone.


@dataclass(frozen=True, kw_only=True)
class _Case:
    signal: Signal
    exposure: Exposure
    risk: Risk
    runs: int


@dataclass(frozen=True, kw_only=True)
class _Run:
    caught_after: float | None
    harmed: int


def _answers(case: _Case, dice: random.Random) -> Iterator[tuple[float, bool, bool]]:
    """When each request is answered, whether by the new version, and whether badly."""
    begin = 0.0
    for shift in case.exposure.shifts:
        rate = case.exposure.requests_per_minute / 60
        only_new = case.signal.scope == "new-fleet"
        rate *= shift.share if only_new else 1
        for number in range(round(rate * shift.seconds)):
            new = only_new or dice.random() < shift.share
            bad = dice.random() < (case.risk.new if new else case.risk.old)
            yield begin + (number + 0.5) / rate, new, bad
        begin += shift.seconds


def _simulated(case: _Case, dice: random.Random) -> _Run:
    answers = list(_answers(case, dice))
    signal, end = case.signal, sum(shift.seconds for shift in case.exposure.shifts)
    good, awful = (0.0, 1.0) if signal.unit == "None" else (9e3, 9e6)
    points = timeline(
        (Sample(at=at, value=awful if bad else good) for at, _, bad in answers),
        statistic=signal.statistic,
        period_seconds=signal.window.period_seconds,
        start=0,
        end=end,
    )
    states = history(signal.alarm, points)
    caught = None
    if State.ALARM in states:
        periods = states.index(State.ALARM) + 1 + case.exposure.settle_periods
        caught = periods * signal.window.period_seconds
    if caught is not None and caught > end:
        caught = None
    until = end if caught is None else caught
    return _Run(
        caught_after=caught, harmed=sum(new and bad and at < until for at, new, bad in answers)
    )


_ONE = AlarmWindow(evaluation_periods=1, datapoints_to_alarm=1)
_SLOW = AlarmWindow(period_seconds=120, evaluation_periods=5, datapoints_to_alarm=3)
_STEPS = tuple(Shift(share=percent / 100, seconds=240) for percent in (10, 20, 40))
CASES = {
    "errors on a thin canary": _Case(
        signal=_signals()["server-errors"],
        exposure=_exposure(rpm=200, share=0.05),
        risk=Risk(old=0, new=0.03),
        runs=2000,
    ),
    "errors, one bad minute is enough": _Case(
        signal=_signals(_ONE, ratio=0.1)["model-errors"],
        exposure=_exposure(rpm=300, share=0.1, minutes=8),
        risk=Risk(old=0, new=0.05),
        runs=1000,
    ),
    "a good version, until the last minute": _Case(
        signal=_signals()["server-errors"],
        exposure=_exposure(rpm=300, share=0.1, minutes=12, settle_periods=0),
        risk=Risk(old=0.004, new=0.004),
        runs=800,
    ),
    "a p99 that is a maximum": _Case(
        signal=_signals()["latency"],
        exposure=_exposure(rpm=400, share=0.05, minutes=10),
        risk=Risk(old=0.001, new=0.015),
        runs=1000,
    ),
    "a p99 with a rank to spare": _Case(
        signal=_signals()["latency"],
        exposure=_exposure(rpm=500, share=0.5, minutes=8),
        risk=Risk(old=0.001, new=0.0095),
        runs=150,
    ),
    "three of five long periods": _Case(
        signal=_signals(_SLOW, ratio=0.05)["server-errors"],
        exposure=_exposure(rpm=100, share=0.1, minutes=22),
        risk=Risk(old=0, new=0.05),
        runs=1500,
    ),
    "an endpoint-wide alarm": _Case(
        signal=_signals(ratio=0.04)["endpoint-errors"],
        exposure=_exposure(rpm=60, share=0.2),
        risk=Risk(old=0.01, new=0.12),
        runs=700,
    ),
    "growing steps": _Case(
        signal=_signals(ratio=0.05)["server-errors"],
        exposure=Exposure(requests_per_minute=100, shifts=_STEPS),
        risk=Risk(old=0, new=0.03),
        runs=1200,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_figures_agree_with_single_requests_through_the_alarm_itself(name: str) -> None:
    case = CASES[name]
    dice = random.Random(name)
    runs = [_simulated(case, dice) for _ in range(case.runs)]

    exact = detection(case.signal, case.exposure, case.risk)

    caught = [run.caught_after for run in runs if run.caught_after is not None]
    error = math.sqrt(exact.probability * (1 - exact.probability) / len(runs))
    # Each case leaves room on both sides, so that agreement means something.
    assert 0.02 < exact.probability < 0.98
    assert len(caught) / len(runs) == pytest.approx(exact.probability, abs=3 * error)
    assert _within(caught, exact.expected_seconds)
    assert _within([run.harmed for run in runs], exact.expected_harmed)


def _within(found: list[float] | list[int], expected: float) -> bool:
    """Whether the mean of the runs is within three standard errors."""
    return abs(statistics.fmean(found) - expected) < 3 * statistics.stdev(found) / len(found) ** 0.5


# What can be counted by hand.


@pytest.mark.parametrize(
    ("requests", "bad_needed"), [(30, 1), (49, 1), (50, 2), (99, 2), (100, 3), (1000, 21)]
)
def test_a_ratio_breaches_above_its_threshold_and_not_at_it(requests: int, bad_needed: int) -> None:
    signal = _signals()["server-errors"]

    found = breach_probability(signal, requests, 0.3)

    assert found == pytest.approx(_tail(requests, bad_needed, Fraction(3, 10)))


@pytest.mark.parametrize(
    ("requests", "bad_needed"), [(1, 1), (30, 1), (99, 1), (100, 2), (199, 2), (200, 3), (300, 4)]
)
def test_a_p99_breaches_when_the_nearest_rank_does(requests: int, bad_needed: int) -> None:
    signal = _signals()["latency"]

    found = breach_probability(signal, requests, 0.01)

    assert found == pytest.approx(_tail(requests, bad_needed, Fraction(1, 100)))


def _tail(trials: int, least: int, probability: Fraction) -> float:
    terms = (
        math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k)
        for k in range(least, trials + 1)
    )
    return float(sum(terms))


def test_one_of_one_is_the_chance_of_any_bad_minute() -> None:
    signal = _signals(_ONE)["server-errors"]
    breach = breach_probability(signal, 30, 0.01)

    found = detection(signal, _exposure(minutes=10), Risk(old=0, new=0.01))

    assert found.probability == pytest.approx(1 - (1 - breach) ** 7)


def test_a_hopeless_version_is_caught_as_soon_as_the_alarm_can() -> None:
    found = detection(_signals()["server-errors"], _exposure(), Risk(old=0, new=1))

    assert found.probability == 1
    # Two bad minutes, and three until their verdict; 30 requests in each.
    assert found.expected_seconds == 300
    assert found.expected_harmed == pytest.approx(150)


def test_a_perfect_version_is_never_caught_and_harms_nobody() -> None:
    found = detection(_signals()["server-errors"], _exposure(), Risk(old=0, new=0))

    assert found == Detection(probability=0, expected_seconds=math.inf, expected_harmed=0)


@pytest.mark.parametrize("exposure", [_exposure(rpm=5), _exposure(minutes=3), _exposure(rpm=0)])
def test_without_a_request_or_time_for_a_verdict_nothing_is_caught(exposure: Exposure) -> None:
    for signal in _signals().values():
        if signal.scope == "new-fleet":
            found = detection(signal, exposure, Risk(old=0, new=1))
            assert found.probability == 0
            assert found.expected_harmed == exposure.requests_until(3600)


def test_a_bake_as_short_as_the_policy_allows_leaves_exactly_n_periods() -> None:
    window = AlarmWindow(evaluation_periods=3, datapoints_to_alarm=2)
    exposure = _exposure(minutes=window.detection_seconds // 60)

    found = detection(_signals(window)["server-errors"], exposure, Risk(old=0, new=0.05))

    breach = breach_probability(_signals(window)["server-errors"], 30, 0.05)
    assert found.probability == pytest.approx(3 * breach**2 * (1 - breach) + breach**3)


def test_an_endpoint_wide_alarm_is_diluted_into_blindness() -> None:
    signals, risk = _signals(), Risk(old=0.001, new=0.051)

    on_fleet = detection(signals["server-errors"], _exposure(minutes=15), risk)
    on_endpoint = detection(signals["endpoint-errors"], _exposure(minutes=15), risk)

    assert on_fleet.probability > 0.99
    assert on_endpoint.probability < 0.05


def test_a_p99_alarm_that_waits_for_samples_sleeps_through_a_thin_canary() -> None:
    waiting = replace(_signals()["latency"], evaluate_low_samples=False)

    assert breach_probability(waiting, 333, 1.0) == 0
    assert breach_probability(waiting, 334, 1.0) == 1
    assert breach_probability(_signals()["latency"], 30, 1.0) == 1


def test_a_statistic_without_a_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no detection power for Maximum"):
        breach_probability(replace(_signals()["server-errors"], statistic="Maximum"), 30, 0.1)


def test_harm_is_counted_in_whole_instances_and_detection_in_the_share_asked_for() -> None:
    signal, risk = _signals()["server-errors"], Risk(old=0, new=0.05)

    exact = detection(signal, _exposure(), risk)
    rounded = detection(signal, _exposure(instances=2), risk)

    assert rounded.probability == exact.probability
    assert rounded.expected_harmed == pytest.approx(5 * exact.expected_harmed)
    assert detection(signal, _exposure(instances=10), risk).expected_harmed == pytest.approx(
        exact.expected_harmed
    )


def test_the_share_of_a_moment_is_that_of_its_shift() -> None:
    exposure = Exposure(requests_per_minute=60, shifts=_STEPS)

    assert [exposure.share_at(second) for second in (0, 239, 240, 719, 720)] == [
        0.1, 0.1, 0.2, 0.4, 0.0,
    ]  # fmt: skip
    assert exposure.requests_until(300) == pytest.approx(240 * 0.1 + 60 * 0.2)
    assert exposure.requests_until(10_000) == pytest.approx(240 * 0.7)


def test_several_signals_count_as_the_best_and_never_as_a_product() -> None:
    slow = Detection(probability=0.9, expected_seconds=500, expected_harmed=9)
    fast = Detection(probability=0.9, expected_seconds=300, expected_harmed=5)
    weak = Detection(probability=0.5, expected_seconds=200, expected_harmed=2)

    assert best_of([weak, slow, fast]) == fast
    assert any_of([weak, weak]) == 1
    assert any_of([weak]) == 0.5


@pytest.mark.parametrize("probability", [1e-9, 1e-4, 0.02, 0.5, 0.98, 1 - 1e-9])
@pytest.mark.parametrize("trials", [1, 7, 60])
def test_the_tail_is_the_exact_sum(trials: int, probability: float) -> None:
    for least in range(trials + 2):
        expected = _tail(trials, least, Fraction(probability))

        assert _binomial_tail(trials, least, probability) == pytest.approx(expected, rel=1e-9)


def test_the_tail_of_many_requests_is_near_the_normal_distribution() -> None:
    trials, probability = 10_000_000, 0.02
    deviation = math.sqrt(trials * probability * (1 - probability))

    found = _binomial_tail(trials, round(trials * probability + deviation), probability)

    assert found == pytest.approx(statistics.NormalDist().cdf(-1), abs=1e-3)


_risks = st.floats(0, 1)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    rpm=st.integers(0, 2000),
    share=st.integers(1, 50),
    old=_risks,
    versions=st.tuples(_risks, _risks),
    key=st.sampled_from(["server-errors", "latency", "endpoint-errors"]),
)
def test_a_worse_version_is_caught_more_surely(
    rpm: int, share: int, old: float, versions: tuple[float, float], key: str
) -> None:
    exposure = _exposure(rpm=rpm, share=share / 100, minutes=12)
    new, worse = sorted(versions)

    found = detection(_signals()[key], exposure, Risk(old=old, new=new))
    surer = detection(_signals()[key], exposure, Risk(old=old, new=worse))

    assert 0 <= found.probability <= surer.probability + 1e-9
    assert surer.probability <= 1
    assert 0 <= found.expected_harmed <= exposure.requests_until(720) + 1e-6


@settings(deadline=None, derandomize=True, max_examples=150)
@given(rpm=st.integers(0, 2000), minutes=st.integers(1, 30), new=_risks)
def test_a_longer_bake_never_catches_less(rpm: int, minutes: int, new: float) -> None:
    risk, signal = Risk(old=0, new=new), _signals()["server-errors"]

    short = detection(signal, _exposure(rpm=rpm, minutes=minutes), risk)
    longer = detection(signal, _exposure(rpm=rpm, minutes=minutes + 1), risk)

    assert longer.probability >= short.probability - 1e-9
