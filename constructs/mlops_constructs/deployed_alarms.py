"""Rollback alarms as CloudFormation properties."""

from typing import Final

from mlops.rollout import Formula, Scope, Signal, Term
from mlops.rollout.signals import INVOCATION_METRICS
from mlops_constructs.properties import CONFIG, Properties, stated
from mlops_constructs.release_settings import VARIANT, ReleaseSettings

RUNBOOK: Final = "docs/runbooks/canary-rolled-back.md"


def rollback_alarm(release: ReleaseSettings, signal: Signal, *, name: str) -> Properties:
    """The alarm on one signal of a release; it notifies people as well when it turns red."""
    alarm, formula = signal.alarm, signal.formula
    watched = _metric(release, signal) if formula is None else _computed(release, signal, formula)
    return {
        "AlarmName": name,
        "AlarmDescription": f"Rolls {release.endpoint_name} back. Runbook: {RUNBOOK}",
        **watched,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "Threshold": signal.threshold,
        "ComparisonOperator": alarm.comparison.value,
        "TreatMissingData": alarm.missing_data.value,
        "AlarmActions": [release.site.alert_topic_arn],
    }


def _metric(release: ReleaseSettings, signal: Signal) -> Properties:
    """What an alarm on one metric names."""
    is_percentile = signal.statistic.startswith("p")
    return stated(
        {
            "Namespace": signal.namespace,
            "MetricName": signal.metric,
            "Statistic": None if is_percentile else signal.statistic,
            "ExtendedStatistic": signal.statistic if is_percentile else None,
            "EvaluateLowSampleCountPercentile": "evaluate" if is_percentile else None,
            "Dimensions": _dimensions(release, signal),
            "Period": signal.alarm.period_seconds,
        }
    )


def _computed(release: ReleaseSettings, signal: Signal, formula: Formula) -> Properties:
    """What an alarm on computed data points names."""
    last = len(formula.steps) - 1
    steps: list[Properties] = [
        {"Id": id_, "Expression": expression, "ReturnData": number == last}
        for number, (id_, expression) in enumerate(formula.steps)
    ]
    return {"Metrics": [*steps, *(_term(release, term, signal) for term in formula.terms)]}


def _term(release: ReleaseSettings, term: Term, signal: Signal) -> Properties:
    metric = {
        "Namespace": signal.namespace,
        "MetricName": term.metric,
        "Dimensions": _fleet(release, term.scope),
    }
    period = signal.alarm.period_seconds
    return {
        "Id": term.id,
        "MetricStat": {"Metric": metric, "Period": period, "Stat": term.statistic},
        "ReturnData": False,
    }


def _dimensions(release: ReleaseSettings, signal: Signal) -> list[Properties]:
    if signal.namespace == INVOCATION_METRICS:
        return _fleet(release, signal.scope)
    return [
        {"Name": "EndpointName", "Value": release.endpoint_name},
        {"Name": "ModelVersion", "Value": str(release.version)},
    ]


def _fleet(release: ReleaseSettings, scope: Scope) -> list[Properties]:
    """The dimensions of invocation metrics: of the new fleet alone, or of both together."""
    both = [
        {"Name": "EndpointName", "Value": release.endpoint_name},
        {"Name": "VariantName", "Value": VARIANT},
    ]
    return both if scope == "endpoint" else [*both, {"Name": "EndpointConfigName", "Value": CONFIG}]
