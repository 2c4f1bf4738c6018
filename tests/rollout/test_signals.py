import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import (
    LIMITS,
    AlarmWindow,
    Comparison,
    MissingData,
    Point,
    Signal,
    State,
    evaluate,
    microseconds,
    refusals,
    rollback_signals,
)

WINDOW = AlarmWindow()


def _signals(**keys: float) -> dict[str, Signal]:
    values = {"error_ratio": 0.02, "model_error_ratio": 0.03, "latency_p99_ms": 300.0} | keys
    signals = rollback_signals(**values, window=AlarmWindow())
    return {signal.key: signal for signal in signals}


def test_the_new_fleet_is_watched_by_three_signals_in_cloudwatchs_words() -> None:
    found = [
        (s.key, s.namespace, s.metric, s.statistic, s.threshold, s.unit, s.scope)
        for s in _signals().values()
    ]

    assert found == [
        ("server-errors", "AWS/SageMaker", "Invocation5XXErrors", "Average", 0.02, "None",
         "new-fleet"),
        ("model-errors", "AWS/SageMaker", "InvocationModelErrors", "Average", 0.03, "None",
         "new-fleet"),
        ("latency", "AWS/SageMaker", "ModelLatency", "p99", 300_000.0, "Microseconds",
         "new-fleet"),
    ]  # fmt: skip


def test_latency_is_written_in_milliseconds_and_alarmed_in_microseconds() -> None:
    assert microseconds(1.5) == 1500
    assert _signals(latency_p99_ms=250)["latency"].threshold == 250_000


def test_silence_is_not_breaching_and_the_state_follows_thin_traffic() -> None:
    for signal in _signals().values():
        assert signal.alarm.missing_data is MissingData.NOT_BREACHING
        assert signal.alarm.comparison is Comparison.GREATER
        assert signal.alarm.evaluate_low_samples
        assert signal.alarm.statistic == signal.statistic
        assert evaluate(signal.alarm, [None] * 5, State.ALARM) is State.OK


def test_an_alarm_has_the_signals_window() -> None:
    window = AlarmWindow(period_seconds=120, evaluation_periods=5, datapoints_to_alarm=1)

    signals = rollback_signals(
        error_ratio=0.1, model_error_ratio=0.1, latency_p99_ms=1, window=window
    )

    for signal in signals:
        alarm = signal.alarm
        assert (alarm.period_seconds, alarm.evaluation_periods, alarm.datapoints_to_alarm) == (
            120,
            5,
            1,
        )


@pytest.mark.parametrize("ratio", [1, 1.5, -0.1])
@pytest.mark.parametrize("key", ["error_ratio", "model_error_ratio"])
def test_a_ratio_that_an_average_of_zeros_and_ones_cannot_exceed_is_refused(
    key: str, ratio: float
) -> None:
    with pytest.raises(ValueError, match="never fires"):
        _signals(**{key: ratio})


def test_a_latency_that_every_request_exceeds_is_refused() -> None:
    with pytest.raises(ValueError, match="every request exceeds 0 ms"):
        _signals(latency_p99_ms=0)


@given(
    error=st.floats(0, 0.999),
    model=st.floats(0, 0.999),
    latency=st.floats(0.1, 60_000),
)
def test_every_signal_can_fire_and_their_number_is_what_sagemaker_takes(
    error: float, model: float, latency: float
) -> None:
    signals = rollback_signals(
        error_ratio=error,
        model_error_ratio=model,
        latency_p99_ms=latency,
        window=AlarmWindow(),
    )

    low, high = LIMITS.alarms
    assert low <= len(signals) <= high
    assert len({signal.key for signal in signals}) == len(signals)
    for signal in signals:
        worst = 1.0 if signal.unit == "None" else microseconds(60_001)
        points = [Point(value=worst)] * 2
        assert evaluate(signal.alarm, points, State.OK) is State.ALARM


# Per minute: requests of each fleet, and what share of them callers malform.
CALLERS = st.tuples(st.integers(5, 400), st.integers(5, 400), st.floats(0, 0.6))


def _red(signal: Signal, points: list[float | None]) -> bool:
    state, seen = State.OK, list[Point | None]()
    for value in points:
        seen.append(None if value is None else Point(value=value))
        state = evaluate(signal.alarm, seen[-5:], state)
        if state is State.ALARM:
            return True
    return False


def _minutes(
    rng: random.Random, callers: tuple[int, int, float], *, failing: float, refusing: float
) -> Iterator[tuple[int, int, int, int, int]]:
    """Requests and refusals of the new and of the old fleet, and failures of the new one."""
    new, old, malformed = callers
    for _ in range(15):
        refused = sum(rng.random() < max(malformed, refusing) for _ in range(new))
        failed = sum(rng.random() < failing for _ in range(new - refused))
        yield new, refused, old, sum(rng.random() < malformed for _ in range(old)), failed


def _model_errors(
    counts_refusals: bool,
    new: int,
    refused: int,
    failed: int,
) -> dict[str, float | None]:
    """The two readings of what InvocationModelErrors counts."""
    return {
        "failed": (failed + (refused if counts_refusals else 0)) / new,
        "refused": refused / new,
    }


@pytest.mark.parametrize("counts_refusals", [True, False], ids=["4xx counted", "4xx not counted"])
@settings(max_examples=60)
@given(callers=CALLERS, seed=st.integers(0, 99))
def test_what_callers_do_wrong_to_both_fleets_never_rolls_back(
    counts_refusals: bool, callers: tuple[int, int, float], seed: int
) -> None:
    model, refused = _signals()["model-errors"], refusals(client_error_ratio=0.02, window=WINDOW)
    assert model.formula is not None
    assert refused.formula is not None
    minutes = list(_minutes(random.Random(seed), callers, failing=0.0, refusing=0.0))

    failures = [
        model.formula.value(_model_errors(counts_refusals, new, bad, failed))
        for new, bad, _, _, failed in minutes
    ]
    excess = [
        refused.formula.value(
            {
                "refused": bad,
                "requests": new,
                "all_refused": bad + old_bad,
                "all_requests": new + old,
            }
        )
        for new, bad, old, old_bad, _ in minutes
    ]

    assert not _red(model, failures)
    assert not _red(refused, excess)


@pytest.mark.parametrize("counts_refusals", [True, False], ids=["4xx counted", "4xx not counted"])
@pytest.mark.parametrize("malformed", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("seed", range(5))
def test_a_failing_version_is_rolled_back_whatever_callers_do(
    counts_refusals: bool, malformed: float, seed: int
) -> None:
    model = _signals()["model-errors"]
    assert model.formula is not None
    # Twice the callers' own mistakes and more: where 4xx are not counted they are in the way.
    failing = 0.08 + 2 * malformed

    failures = [
        model.formula.value(_model_errors(counts_refusals, new, bad, failed))
        for new, bad, _, _, failed in _minutes(
            random.Random(seed), (150, 150, malformed), failing=failing, refusing=0.0
        )
    ]

    assert _red(model, failures)


@pytest.mark.parametrize("seed", range(5))
def test_more_refusals_than_failures_hide_none_where_they_are_not_counted(seed: int) -> None:
    model = _signals()["model-errors"]
    assert model.formula is not None

    failures = [
        model.formula.value(_model_errors(False, new, bad, failed))
        for new, bad, _, _, failed in _minutes(
            random.Random(seed), (150, 150, 0.5), failing=0.15, refusing=0.0
        )
    ]

    assert _red(model, failures)


@pytest.mark.parametrize("malformed", [0.0, 0.05])
@pytest.mark.parametrize("seed", range(5))
def test_a_version_that_refuses_what_the_old_one_takes_is_rolled_back(
    malformed: float, seed: int
) -> None:
    signal = refusals(client_error_ratio=0.02, window=WINDOW)
    assert signal.formula is not None

    excess = [
        signal.formula.value(
            {
                "refused": bad,
                "requests": new,
                "all_refused": bad + old_bad,
                "all_requests": new + old,
            }
        )
        for new, bad, old, old_bad, _ in _minutes(
            random.Random(seed), (100, 100, malformed), failing=0.0, refusing=0.25
        )
    ]

    assert _red(signal, excess)


def test_where_one_fleet_has_all_the_traffic_there_is_nothing_to_compare() -> None:
    signal = refusals(client_error_ratio=0.02, window=WINDOW)
    assert signal.formula is not None

    alone = {"refused": 50.0, "requests": 100.0, "all_refused": 50.0, "all_requests": 100.0}

    assert signal.formula.value(alone) is None
