"""Rules of a canary's alarms: each can fire, and fires on the regression that it is there for."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document, KeyPath
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.translation import problem_at, warning_at
from mlops.rollout import Signal, Target
from mlops.rollout.published import blindness, published

_ALARMS: Final[KeyPath] = ("endpoint", "canary", "alarms")
_KEYS: Final = {
    "server-errors": "error_ratio",
    "model-errors": "model_error_ratio",
    "latency": "latency_p99_ms",
}
_CUSTOM: Final = "set highest to what the metric reports at most"


def _alarms_can_fire(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for signal in model.endpoint.canary_setting(model.endpoint.canary).signals:
        metric = published(signal.namespace, signal.metric)
        for reason in blindness(signal.alarm, metric) if metric else ():
            path, got = _written(model, signal)
            yield problem_at(
                document,
                path,
                f"the alarm {signal.key} protects nobody: {reason}",
                got=got,
                allowed="a threshold that the metric of a failing fleet exceeds",
                remedy="lower it: SageMaker waits 60 seconds for an answer, and the default of the "
                "alarm is 1.5 x endpoint.latency_p99_ms",
            )


def _written(model: ModelSpec, signal: Signal) -> tuple[KeyPath, object]:
    """The key that decides a signal's threshold, and its value."""
    alarms, key = model.endpoint.canary.alarms, _KEYS[signal.key]
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
    target, alarms = Target(), model.endpoint.canary.alarms
    doubled = target.latency_factor * model.endpoint.latency_p99_ms
    if alarms.latency_p99_ms is not None and alarms.latency_p99_ms >= doubled:
        yield warning_at(
            document,
            (*_ALARMS, "latency_p99_ms"),
            f"looser than the objective endpoint.latency_p99_ms of "
            f"{model.endpoint.latency_p99_ms:g}: a version that is {target.latency_factor:g} times "
            "as slow is not rolled back",
            got=alarms.latency_p99_ms,
            allowed=f"less than {doubled:g}",
            remedy="lower it, or leave it out: the default is 1.5 x the objective",
        )
    for key in ("error_ratio", "model_error_ratio"):
        if getattr(alarms, key) >= target.added_error_ratio:
            yield warning_at(
                document,
                (*_ALARMS, key),
                f"a version that fails {target.added_error_ratio:.0%} of its requests is not "
                "rolled back",
                got=getattr(alarms, key),
                allowed=f"less than {target.added_error_ratio:g}",
                remedy="lower it; `mlops canary plan` says what is caught",
            )


ALARM_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _alarms_can_fire,
    _custom_metrics_can_exceed_their_threshold,
    _alarms_see_the_regression_that_a_canary_must_catch,
)
