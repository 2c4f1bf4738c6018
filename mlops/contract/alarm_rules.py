"""Rules of a canary's alarms: each can fire, and fires on the regression that it is there for."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document, KeyPath
from mlops.contract.endpoint_spec import CanaryAlarms, EndpointSpec
from mlops.contract.model_spec import ModelSpec
from mlops.contract.partial import readable
from mlops.contract.problems import Problem, UnreadableError
from mlops.contract.translation import problem_at, warning_at
from mlops.rollout import AlarmWindow, Signal, Target, refusals, rollback_signals
from mlops.rollout.published import blindness, computed_blindness, published

_ALARMS: Final[KeyPath] = ("endpoint", "canary", "alarms")
_KEYS: Final = {
    "server-errors": "error_ratio",
    "model-errors": "model_error_ratio",
    "latency": "latency_p99_ms",
    "client-errors": "client_error_ratio",
}
_RATIOS: Final = {
    "error_ratio": "fails {} of its requests",
    "model_error_ratio": "fails {} of its requests",
    "client_error_ratio": "refuses {} of the requests that the old one takes",
}
"""What a version does that an alarm on a ratio is there for."""
_CUSTOM: Final = "set highest to what the metric reports at most"


def judged_signals(endpoint: EndpointSpec) -> Iterator[tuple[str, Signal]]:
    """The signals whose thresholds the contract decides, by their keys.

    Their window is the default one: `_canary_protects` judges what was written, and a window that
    it refuses hides no threshold.
    """
    usual = {key: CanaryAlarms.model_fields[key].default for key in _RATIOS}
    latency = {"latency_p99_ms": 1.0}
    for name, key in _KEYS.items():
        try:
            written = {key: _threshold(endpoint, key)}
        except UnreadableError:
            continue
        yield key, _signals({**usual, **latency, **written})[name]


def _threshold(endpoint: EndpointSpec, key: str) -> float:
    if key == "latency_p99_ms":
        return endpoint.canary_latency_p99_ms
    ratio: float = getattr(endpoint.canary.alarms, key)
    return ratio


def _signals(thresholds: dict[str, float]) -> dict[str, Signal]:
    window = AlarmWindow()
    refused = refusals(client_error_ratio=thresholds.pop("client_error_ratio"), window=window)
    signals = (*rollback_signals(**thresholds, window=window), refused)
    return {signal.key: signal for signal in signals}


def _alarms_can_fire(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for key, signal in judged_signals(model.endpoint):
        for reason in _reasons(signal):
            path, got = _written(model, key)
            yield problem_at(
                document,
                path,
                f"the alarm {signal.key} protects nothing: {reason}",
                got=got,
                allowed="a threshold that the metric of a failing fleet exceeds",
                remedy=_lower(key),
            )


def _reasons(signal: Signal) -> Iterator[str]:
    """Why an alarm protects nothing."""
    metric = published(signal.namespace, signal.metric)
    if signal.formula is not None:
        yield from computed_blindness(signal.alarm, signal.formula)
    elif metric is not None:
        yield from blindness(signal.alarm, metric)


def _lower(key: str) -> str:
    """What to do about a threshold that is too high."""
    if key in _RATIOS:
        return f"lower it, or leave it out: the default is {CanaryAlarms.model_fields[key].default}"
    return (
        "lower it: SageMaker waits 60 seconds for an answer, and the default of the alarm is "
        "1.5 x endpoint.latency_p99_ms"
    )


def _written(model: ModelSpec, key: str) -> tuple[KeyPath, object]:
    """The key that decides a signal's threshold, and its value."""
    alarms = model.endpoint.canary.alarms
    if key == "latency_p99_ms" and alarms.latency_p99_ms is None:
        return ("endpoint", key), model.endpoint.latency_p99_ms
    return (*_ALARMS, key), getattr(alarms, key)


def _custom_metrics_can_exceed_their_threshold(
    document: Document, model: ModelSpec
) -> Iterator[Problem]:
    for index, custom in enumerate(model.endpoint.canary.alarms.metrics):
        path: KeyPath = (*_ALARMS, "metrics", index, "threshold")
        if custom.statistic == "Sum":
            continue
        if custom.highest is not None and custom.threshold >= custom.highest:
            yield problem_at(
                document,
                path,
                f"the {custom.statistic} of a metric that reports {custom.highest:g} at most never "
                "exceeds it: the alarm can never fire",
                got=custom.threshold,
                allowed=f"less than {custom.highest:g}, or statistic: Sum",
                remedy="lower the threshold, or correct highest",
            )
        if custom.highest is None and custom.threshold >= 1:
            yield warning_at(
                document,
                path,
                f"if {custom.metric} reports 0 and 1, its {custom.statistic} never exceeds this "
                "and the alarm can never fire",
                got=custom.threshold,
                allowed="less than 1 for a metric of 0 and 1",
                remedy=f"lower the threshold, or {_CUSTOM}",
            )


def _alarms_see_the_regression_that_a_canary_must_catch(
    document: Document, model: ModelSpec
) -> Iterator[Problem]:
    for key, signal in judged_signals(model.endpoint):
        if any(_reasons(signal)):
            continue  # `_alarms_can_fire` refuses it
        judge = _too_slow if key == "latency_p99_ms" else _overlooked
        yield from readable(judge, document, model, key)


def _too_slow(document: Document, model: ModelSpec, key: str) -> Iterator[Problem]:
    target, written = Target(), model.endpoint.canary.alarms.latency_p99_ms
    doubled = target.latency_factor * model.endpoint.latency_p99_ms
    if written is not None and written >= doubled:
        yield warning_at(
            document,
            (*_ALARMS, key),
            f"looser than the objective endpoint.latency_p99_ms of "
            f"{model.endpoint.latency_p99_ms:g}: a version that is {target.latency_factor:g} times "
            "as slow is not rolled back",
            got=written,
            allowed=f"less than {doubled:g}",
            remedy="lower it, or leave it out: the default is 1.5 x the objective",
        )


def _overlooked(document: Document, model: ModelSpec, key: str) -> Iterator[Problem]:
    target, ratio = Target(), _threshold(model.endpoint, key)
    if ratio >= target.added_error_ratio:
        worse = _RATIOS[key].format(f"{target.added_error_ratio:.0%}")
        yield warning_at(
            document,
            (*_ALARMS, key),
            f"a version that {worse} is not rolled back",
            got=ratio,
            allowed=f"less than {target.added_error_ratio:g}",
            remedy="lower it; `mlops canary plan` says what is caught",
        )


ALARM_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _alarms_can_fire,
    _custom_metrics_can_exceed_their_threshold,
    _alarms_see_the_regression_that_a_canary_must_catch,
)
