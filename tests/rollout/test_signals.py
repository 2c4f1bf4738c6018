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
    rollback_signals,
)


def _signals(endpoint_error_ratio: float | None = None, **keys: float) -> dict[str, Signal]:
    values = {"error_ratio": 0.02, "model_error_ratio": 0.03, "latency_p99_ms": 300.0} | keys
    signals = rollback_signals(
        **values, window=AlarmWindow(), endpoint_error_ratio=endpoint_error_ratio
    )
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


def test_only_one_signal_sees_the_whole_endpoint_and_only_if_asked_for() -> None:
    with_backstop = _signals(endpoint_error_ratio=0.5)

    scopes = [signal.scope for signal in with_backstop.values()]
    assert scopes == ["new-fleet", "new-fleet", "new-fleet", "endpoint"]
    assert with_backstop["endpoint-errors"].metric == "Invocation5XXErrors"
    assert with_backstop["endpoint-errors"].threshold == 0.5


def test_silence_is_not_breaching_and_the_state_follows_thin_traffic() -> None:
    for signal in _signals(endpoint_error_ratio=0.5).values():
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
@pytest.mark.parametrize("key", ["error_ratio", "model_error_ratio", "endpoint_error_ratio"])
def test_a_ratio_that_an_average_of_zeros_and_ones_cannot_exceed_is_refused(
    key: str, ratio: float
) -> None:
    with pytest.raises(ValueError, match="never fires"):
        _signals(**{key: ratio})


def test_a_latency_that_every_request_exceeds_is_refused() -> None:
    with pytest.raises(ValueError, match="every request exceeds 0 ms"):
        _signals(latency_p99_ms=0)


@settings(deadline=None, derandomize=True)
@given(
    error=st.floats(0, 0.999),
    model=st.floats(0, 0.999),
    latency=st.floats(0.1, 60_000),
    endpoint=st.none() | st.floats(0, 0.999),
)
def test_every_signal_can_fire_and_their_number_is_what_sagemaker_takes(
    error: float, model: float, latency: float, endpoint: float | None
) -> None:
    signals = rollback_signals(
        error_ratio=error,
        model_error_ratio=model,
        latency_p99_ms=latency,
        window=AlarmWindow(),
        endpoint_error_ratio=endpoint,
    )

    low, high = LIMITS.alarms
    assert low <= len(signals) <= high
    assert len({signal.key for signal in signals}) == len(signals)
    for signal in signals:
        worst = 1.0 if signal.unit == "None" else microseconds(60_001)
        points = [Point(value=worst)] * 2
        assert evaluate(signal.alarm, points, State.OK) is State.ALARM
