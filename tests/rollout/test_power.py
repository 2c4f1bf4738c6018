import math
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import (
    AlarmWindow,
    Arrivals,
    Detection,
    Exposure,
    Load,
    Risk,
    Sample,
    Shift,
    Signal,
    State,
    any_of,
    best_of,
    data_point,
    detection,
    false_alarm,
    history,
    rollback_signals,
    timeline,
)

WINDOW = AlarmWindow()
LIMIT_MS = 300.0


def _signals(window: AlarmWindow = WINDOW, ratio: float = 0.02) -> dict[str, Signal]:
    found = rollback_signals(
        error_ratio=ratio,
        model_error_ratio=ratio,
        latency_p99_ms=LIMIT_MS,
        window=window,
    )
    return {signal.key: signal for signal in found}


def _endpoint_wide(ratio: float = 0.02) -> Signal:
    """The alarm on server errors as it would be on both fleets together."""
    return replace(_signals(ratio=ratio)["server-errors"], scope="endpoint")


def _exposure(rpm: float = 300, share: float = 0.1, minutes: int = 10, **keys: int) -> Exposure:
    shift = Shift(share=share, seconds=minutes * 60)
    return Exposure(callers_per_minute=rpm, shifts=(shift,), **keys)


# A simulation of single requests, judged by `samples` and `alarm` alone; `test_grid.py` has one
# that shares nothing at all.


@dataclass(frozen=True, kw_only=True)
class _Case:
    signal: Signal
    exposure: Exposure
    risk: Risk
    runs: int


@dataclass(frozen=True, kw_only=True)
class _Run:
    caught_after: float | None
    red: bool
    harmed: int


def _answers(case: _Case, dice: random.Random) -> Iterator[tuple[float, bool, bool]]:
    """When each request is answered, whether by the new version, and whether badly."""
    rate, moment = case.exposure.callers_per_minute / 60, 0.0
    while (moment := moment + dice.expovariate(rate)) < case.exposure.seconds:
        new = dice.random() < case.exposure.share_at(moment)
        if new or case.signal.scope == "endpoint":
            yield moment, new, dice.random() < (case.risk.new if new else case.risk.old)


def _simulated(case: _Case, dice: random.Random) -> _Run:
    signal, end, answers = case.signal, case.exposure.seconds, list(_answers(case, dice))
    period = signal.window.period_seconds
    began = dice.random() * period
    good, awful = (0.0, 1.0) if signal.unit == "None" else (9e3, 9e6)
    points = timeline(
        (Sample(at=began + at, value=awful if bad else good) for at, _, bad in answers),
        statistic=signal.statistic,
        period_seconds=period,
        start=began,
        end=began + end,
    )
    states = history(signal.alarm, points)
    caught = None
    if State.ALARM in states:
        settled = states.index(State.ALARM) + 1 + case.exposure.settle_periods - 1
        caught = settled * period - began
    if caught is not None and caught > end:
        caught = None
    until = end if caught is None else caught
    return _Run(
        caught_after=caught,
        red=State.ALARM in states,
        harmed=sum(new and bad and at < until for at, new, bad in answers),
    )


_ONE = AlarmWindow(evaluation_periods=1, datapoints_to_alarm=1)
_SLOW = AlarmWindow(period_seconds=120, evaluation_periods=5, datapoints_to_alarm=3)
_STEPS = tuple(Shift(share=percent / 100, seconds=240) for percent in (10, 20, 40))
CASES = {
    "errors on a thin canary": _Case(
        signal=_signals()["server-errors"],
        exposure=_exposure(rpm=200, share=0.05),
        risk=Risk(old=0, new=0.03),
        runs=1500,
    ),
    "errors, one bad minute is enough": _Case(
        signal=_signals(_ONE, ratio=0.1)["model-errors"],
        exposure=_exposure(rpm=300, share=0.1, minutes=8),
        risk=Risk(old=0, new=0.05),
        runs=1000,
    ),
    "mostly silent": _Case(
        signal=_signals()["server-errors"],
        exposure=_exposure(rpm=5, share=0.1, minutes=20),
        risk=Risk(old=0, new=0.4),
        runs=1500,
    ),
    "a good version": _Case(
        signal=_signals()["server-errors"],
        exposure=_exposure(rpm=300, share=0.1, minutes=12),
        risk=Risk(old=0.004, new=0.004),
        runs=800,
    ),
    "a p99 that is a maximum": _Case(
        signal=_signals()["latency"],
        exposure=_exposure(rpm=400, share=0.05, minutes=10),
        risk=Risk(old=0.001, new=0.015),
        runs=800,
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
        runs=1000,
    ),
    "an endpoint-wide alarm": _Case(
        signal=_endpoint_wide(ratio=0.04),
        exposure=_exposure(rpm=60, share=0.2),
        risk=Risk(old=0.01, new=0.12),
        runs=700,
    ),
    "growing steps": _Case(
        signal=_signals(ratio=0.05)["server-errors"],
        exposure=Exposure(callers_per_minute=100, shifts=_STEPS),
        risk=Risk(old=0, new=0.03),
        runs=1000,
    ),
}


@pytest.mark.sweep(cases=3)
@pytest.mark.parametrize("name", CASES)
def test_the_figures_agree_with_single_requests_through_the_alarm_itself(name: str) -> None:
    case = CASES[name]
    dice = random.Random(name)
    runs = [_simulated(case, dice) for _ in range(case.runs)]

    found = detection(case.signal, case.exposure, case.risk)
    red = false_alarm(case.signal, case.exposure, case.risk)

    caught = [run.caught_after for run in runs if run.caught_after is not None]
    error = math.sqrt(found.probability * (1 - found.probability) / len(runs))
    # Each case leaves room on both sides, so that agreement means something.
    assert 0.02 < found.probability < 0.98
    # Three points are what the first data point is worth at most; a shift may begin early in it.
    assert -3 * error < len(caught) / len(runs) - found.probability < 3 * error + 0.04
    assert statistics.fmean(run.red for run in runs) == pytest.approx(
        red, abs=3 * math.sqrt(red * (1 - red) / len(runs))
    )
    assert _near(caught, found.expected_seconds, case.signal.window.period_seconds / 4)
    assert _near([run.harmed for run in runs], found.expected_harmed, 0.1 * found.expected_harmed)


def _near(found: list[float] | list[int], expected: float, allowed: float) -> bool:
    """Whether the mean of the runs is within three standard errors, and what is allowed beyond."""
    error = statistics.stdev(found) / len(found) ** 0.5
    return abs(statistics.fmean(found) - expected) < 3 * error + allowed


# What can be counted by hand.


def test_one_of_one_is_the_chance_of_any_bad_minute() -> None:
    signal = _signals(_ONE)["server-errors"]
    whole, part = (_breach(signal, requests, 0.01) for requests in (30, 11.25))

    found = detection(signal, _exposure(minutes=10), Risk(old=0, new=0.01))

    # Seven whole minutes, and three eighths of one before them.
    assert found.probability == pytest.approx(1 - (1 - whole) ** 7 * (1 - part))


def _breach(signal: Signal, requests: float, bad: float) -> float:
    load = Load(callers=requests)
    return data_point(signal, load, bad=bad, arrivals=Arrivals(), minutes=1).breach


def test_a_hopeless_version_is_caught_as_soon_as_the_alarm_can() -> None:
    found = detection(_signals()["server-errors"], _exposure(rpm=10_000), Risk(old=0, new=1))

    assert found.probability == pytest.approx(1)
    # The second data point ends one and a half minutes after the shift, its verdict two later.
    assert found.expected_seconds == pytest.approx(210)
    assert found.expected_harmed == pytest.approx(3500)


def test_a_perfect_version_is_never_caught_and_harms_nobody() -> None:
    found = detection(_signals()["server-errors"], _exposure(), Risk(old=0, new=0))

    assert found == Detection(probability=0, expected_seconds=math.inf, expected_harmed=0)


@pytest.mark.parametrize("exposure", [_exposure(minutes=1), _exposure(rpm=0)])
def test_without_a_request_or_time_for_a_verdict_nothing_is_caught(exposure: Exposure) -> None:
    for signal in _signals().values():
        if signal.scope == "new-fleet":
            found = detection(signal, exposure, Risk(old=0, new=1))
            assert found.probability == 0
            assert found.expected_harmed == exposure.requests_until(3600)


def test_a_bake_as_short_as_the_policy_allows_leaves_n_whole_periods() -> None:
    window = AlarmWindow(evaluation_periods=3, datapoints_to_alarm=2)
    exposure = _exposure(minutes=window.detection_seconds // 60)

    found = detection(_signals(window)["server-errors"], exposure, Risk(old=0, new=0.05))

    whole, part = (_breach(_signals(window)["server-errors"], n, 0.05) for n in (30, 11.25))
    three = 3 * whole**2 * (1 - whole) + whole**3
    # Or the part before them and one of the first two, and no two of the three.
    assert found.probability == pytest.approx(three + part * 2 * whole * (1 - whole) ** 2, abs=1e-9)


def test_an_endpoint_wide_alarm_is_diluted_into_blindness() -> None:
    signals, risk = _signals(), Risk(old=0.001, new=0.051)

    on_fleet = detection(signals["server-errors"], _exposure(minutes=15), risk)
    on_endpoint = detection(_endpoint_wide(), _exposure(minutes=15), risk)

    assert on_fleet.probability > 0.99
    assert on_endpoint.probability < 0.05


def test_the_share_of_a_moment_is_that_of_its_shift() -> None:
    exposure = Exposure(callers_per_minute=50, probes_per_minute=10, shifts=_STEPS)

    assert [exposure.share_at(second) for second in (0, 239, 240, 719, 720)] == [
        0.1, 0.1, 0.2, 0.4, 0.0,
    ]  # fmt: skip
    assert exposure.requests_until(300) == pytest.approx(240 * 0.1 + 60 * 0.2)
    assert exposure.requests_until(10_000) == pytest.approx(240 * 0.7)


def test_signals_on_the_same_requests_count_as_the_best() -> None:
    slow = Detection(probability=0.9, expected_seconds=500, expected_harmed=9)
    fast = Detection(probability=0.9, expected_seconds=300, expected_harmed=5)
    weak = Detection(probability=0.5, expected_seconds=200, expected_harmed=2)

    assert best_of([weak, slow, fast]) == fast


def test_independent_alarms_miss_together_as_often_as_their_product() -> None:
    assert any_of([0.5, 0.5, 0.2]) == pytest.approx(0.8)
    assert any_of([]) == 0


def test_clusters_and_bursts_are_in_the_figures() -> None:
    risk, signal = Risk(old=0, new=0.05), _signals()["server-errors"]
    plain = _exposure(rpm=100)
    clustered = replace(plain, arrivals=Arrivals(errors_together=5))
    bursting = replace(plain, arrivals=Arrivals(rate_variation=1.0))

    caught = [detection(signal, one, risk).probability for one in (plain, bursting, clustered)]

    assert caught[0] > caught[1] + 0.05
    assert caught[1] > caught[2] + 0.3


_risks = st.floats(0, 1)


@settings(max_examples=150)
@given(
    rpm=st.integers(0, 2000),
    share=st.integers(1, 50),
    old=_risks,
    versions=st.tuples(_risks, _risks),
    signal=st.sampled_from([*_signals().values(), _endpoint_wide()]),
)
def test_a_worse_version_is_caught_more_surely(
    rpm: int, share: int, old: float, versions: tuple[float, float], signal: Signal
) -> None:
    exposure = _exposure(rpm=rpm, share=share / 100, minutes=12)
    new, worse = sorted(versions)

    found = detection(signal, exposure, Risk(old=old, new=new))
    surer = detection(signal, exposure, Risk(old=old, new=worse))

    assert 0 <= found.probability <= surer.probability + 1e-9
    assert surer.probability <= 1
    assert 0 <= found.expected_harmed <= exposure.requests_until(720) + 1e-6


@settings(max_examples=150)
@given(rpm=st.integers(0, 2000), minutes=st.integers(1, 30), new=_risks)
def test_a_longer_bake_never_catches_less(rpm: int, minutes: int, new: float) -> None:
    risk, signal = Risk(old=0, new=new), _signals()["server-errors"]

    short = detection(signal, _exposure(rpm=rpm, minutes=minutes), risk)
    longer = detection(signal, _exposure(rpm=rpm, minutes=minutes + 1), risk)

    assert longer.probability >= short.probability - 1e-9
