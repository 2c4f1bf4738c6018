"""Alarms that decide over a release: they see the new fleet alone, and can fire."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from mlops.rollout import Alarm, Comparison
from mlops.rollout.metric_math import formula_of
from mlops.rollout.published import blindness, computed_blindness, is_own, missing, published
from mlops_constructs.validation.alarm_metrics import (
    ALARM,
    WatchedMetric,
    rollback_alarms,
    watched_metrics,
)
from mlops_constructs.validation.deployment import ENDPOINT, variants
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import (
    Properties,
    Template,
    items,
    number,
    resources,
    text,
)

_INVOCATIONS: Final = "AWS/SageMaker"
_MODEL: Final = "AWS::SageMaker::Model"
_DIMENSIONS: Final = ("EndpointName", "VariantName", "EndpointConfigName")
_ERRORS: Final = ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")


def _guards(template: Template) -> Iterator[tuple[str, Properties, Properties]]:
    """Name of each rollback alarm, the alarm, and the endpoint that it guards."""
    for _, endpoint in resources(template, ENDPOINT):
        for name, alarm in rollback_alarms(template, endpoint):
            if alarm is not None:
                yield _logical_id(template, alarm, name), alarm, endpoint


def _logical_id(template: Template, wanted: Properties, name: str) -> str:
    return next((id_ for id_, alarm in resources(template, ALARM) if alarm is wanted), name)


@rule(
    "ML020",
    why="a metric of the new fleet has gaps; under any other setting one late point rolls back",
    remedy="set TreatMissingData to notBreaching and let the release check find a silent canary",
)
def silence_is_no_breach(template: Template) -> Iterator[Fault]:
    """A rollback alarm takes missing data for healthy."""
    for logical_id, alarm, _ in _guards(template):
        setting = alarm.get("TreatMissingData")
        if setting != "notBreaching":
            where = "Properties.TreatMissingData"
            yield Fault(logical_id=logical_id, where=where, detail=f"it is {setting}")


@rule(
    "ML021",
    why="without EndpointConfigName both fleets are summed: the old one dilutes the canary",
    remedy="give invocation metrics EndpointName, VariantName and the new config's name",
)
def new_fleet_is_watched(template: Template) -> Iterator[Fault]:
    """A rollback alarm sees the new fleet alone."""
    for logical_id, alarm, endpoint in _guards(template):
        config = text(endpoint.get("EndpointConfigName"))
        compared = _compared(alarm)
        for metric in _invocation_metrics(alarm):
            missing = [name for name in _DIMENSIONS if name not in metric.dimensions]
            if missing == ["EndpointConfigName"] and metric.name in compared:
                continue
            if missing:
                detail = f"{metric.name} lacks {', '.join(missing)}"
                yield Fault(logical_id=logical_id, where="Properties.Dimensions", detail=detail)
            elif metric.dimensions["EndpointConfigName"] != config:
                detail = f"{metric.name} is of another endpoint config"
                yield Fault(logical_id=logical_id, where="Properties.Dimensions", detail=detail)


def _compared(alarm: Properties) -> set[str]:
    """Metrics that metric math sees of the new fleet, so that it may set both against it."""
    if not _computes(alarm):
        return set()
    narrow = (m for m in _invocation_metrics(alarm) if "EndpointConfigName" in m.dimensions)
    return {metric.name for metric in narrow}


def _computes(alarm: Properties) -> bool:
    return any("Expression" in query for query in alarm.get("Metrics", []))


def _invocation_metrics(alarm: Properties) -> Iterator[WatchedMetric]:
    for metric in watched_metrics(alarm):
        if metric.namespace == _INVOCATIONS:
            yield metric


@rule(
    "ML022",
    why="CloudWatch accepts any dimension: an alarm on a variant that does not exist never fires",
    remedy="use the variant name of the endpoint config",
)
def variant_exists(template: Template) -> Iterator[Fault]:
    """An alarm names a variant that its endpoint has."""
    for _, endpoint in resources(template, ENDPOINT):
        known = {text(variant.get("VariantName")) for variant in variants(template, endpoint)}
        for logical_id, metric in _metrics_of(template, endpoint):
            variant = metric.dimensions.get("VariantName")
            if known and variant and variant not in known:
                detail = f"{variant!r} is not one of {sorted(known)}"
                yield Fault(logical_id=logical_id, where="Properties.Dimensions", detail=detail)


def _metrics_of(template: Template, endpoint: Properties) -> Iterator[tuple[str, WatchedMetric]]:
    name = text(endpoint.get("EndpointName"))
    for logical_id, alarm in resources(template, ALARM):
        for metric in watched_metrics(alarm):
            if metric.dimensions.get("EndpointName") == name:
                yield logical_id, metric


@rule(
    "ML023",
    why="SageMaker counts an error as 1 and a success as 0, so their average never exceeds 1",
    remedy="write 5 % as 0.05",
)
def ratio_can_be_exceeded(template: Template) -> Iterator[Fault]:
    """The threshold of an error ratio lies between 0 and 1."""
    for logical_id, alarm in resources(template, ALARM):
        threshold = number(alarm.get("Threshold"))
        if _is_error_ratio(alarm) and threshold is not None and not 0 <= threshold < 1:
            detail = f"a ratio never exceeds {threshold:g}"
            yield Fault(logical_id=logical_id, where="Properties.Threshold", detail=detail)


def _is_error_ratio(alarm: Properties) -> bool:
    errors = [metric for metric in _invocation_metrics(alarm) if metric.name in _ERRORS]
    if not errors:
        return False
    divides = any("/" in str(query.get("Expression")) for query in alarm.get("Metrics", []))
    return divides or all(metric.statistic == "Average" for metric in errors)


@rule(
    "ML029",
    why="CloudWatch takes an alarm on a metric that nobody publishes, and it is quiet for ever",
    remedy="name exactly the dimensions of the metric with the values of this release, and no unit",
)
def metric_exists(template: Template) -> Iterator[Fault]:
    """A rollback alarm watches a metric that exists for its endpoint's new fleet."""
    for logical_id, alarm, endpoint in _guards(template):
        known = _values(template, endpoint)
        for metric in watched_metrics(alarm):
            if not is_own(metric.namespace):
                for detail in _differences(metric, known):
                    yield Fault(logical_id=logical_id, where="Properties.Dimensions", detail=detail)


def _values(template: Template, endpoint: Properties) -> dict[str, set[str]]:
    """What each dimension of the release's metrics can be; nothing where only AWS knows."""
    fleet = variants(template, endpoint)
    return {
        "EndpointName": {text(endpoint.get("EndpointName"))},
        "EndpointConfigName": {text(endpoint.get("EndpointConfigName"))},
        "VariantName": {text(variant.get("VariantName")) for variant in fleet},
        "ModelVersion": set(_versions(template, fleet)),
    }


def _versions(template: Template, fleet: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    served = {text(variant.get("ModelName")) for variant in fleet}
    for logical_id, model in resources(template, _MODEL):
        if {f"${{{logical_id}.ModelName}}", text(model.get("ModelName"))} & served:
            for container in items(model.get("Containers")):
                if "ModelPackageName" in container:
                    yield text(container["ModelPackageName"]).rpartition("/")[2]


def _differences(metric: WatchedMetric, known: Mapping[str, set[str]]) -> Iterator[str]:
    described = missing(
        metric.namespace, metric.name, dimensions=metric.dimensions, unit=metric.unit
    )
    if described is not None:
        yield described
        return
    for name, value in metric.dimensions.items():
        if known[name] and value not in known[name]:
            yield f"{metric.name}: {name} {value} is not this release's {sorted(known[name])}"


@rule(
    "ML039",
    why="an alarm that no value of its metric turns red looks like health",
    remedy="let it be red where half of the requests fail, and quiet where none does",
)
def alarm_can_fire(template: Template) -> Iterator[Fault]:
    """A rollback alarm is red on a failing fleet, and quiet on a healthy one."""
    for logical_id, alarm, _ in _guards(template):
        for reason in _blindness(alarm):
            yield Fault(logical_id=logical_id, where="Properties.Threshold", detail=reason)


def _blindness(alarm: Properties) -> Iterator[str]:
    """Why an alarm protects nothing, whether it watches one metric or computes with several."""
    watched = list(watched_metrics(alarm))
    known = published(watched[0].namespace, watched[0].name) if watched else None
    if known is None:
        return
    try:
        if _computes(alarm):
            rule = _rule(alarm, replace(watched[0], statistic="Average"))
            yield from computed_blindness(rule, formula_of(alarm["Metrics"]))
        else:
            yield from blindness(_rule(alarm, watched[0]), known)
    except ValueError as error:
        yield f"CloudWatch refuses it: {error}"


def _rule(alarm: Properties, metric: WatchedMetric) -> Alarm:
    """The alarm as CloudWatch evaluates it.

    Raises:
        ValueError: it has a value that CloudWatch refuses, or none where it needs one.
    """
    periods = alarm.get("EvaluationPeriods")
    return Alarm(
        evaluation_periods=int(periods or 0),
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm", periods) or 0),
        threshold=float(alarm.get("Threshold", "nothing")),
        comparison=Comparison(str(alarm.get("ComparisonOperator"))),
        period_seconds=int(metric.period),
        statistic=metric.statistic,
        evaluate_low_samples=alarm.get("EvaluateLowSampleCountPercentile") != "ignore",
    )


RULES: Final = (
    silence_is_no_breach,
    new_fleet_is_watched,
    variant_exists,
    ratio_can_be_exceeded,
    metric_exists,
    alarm_can_fire,
)
