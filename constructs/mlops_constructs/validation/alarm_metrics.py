"""What an alarm watches, whether it names one metric or computes with several."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops_constructs.validation.template import Properties, Template, number, resources, text

ALARM: Final = "AWS::CloudWatch::Alarm"
_PUBLICATION_PERIODS: Final = 3


@dataclass(frozen=True, kw_only=True)
class WatchedMetric:
    """One metric of an alarm."""

    namespace: str
    name: str
    statistic: str
    period: float
    dimensions: Mapping[str, str]
    unit: str | None = None
    """None: data of every unit, which is the default."""


def watched_metrics(alarm: Properties) -> Iterator[WatchedMetric]:
    """The metrics of an alarm, those inside metric math included."""
    if "MetricName" in alarm:
        yield _metric(alarm, alarm)
    for query in alarm.get("Metrics", []):
        stat = query.get("MetricStat")
        if stat:
            yield _metric(stat.get("Metric", {}), stat)


def _metric(metric: Mapping[str, Any], stat: Mapping[str, Any]) -> WatchedMetric:
    return WatchedMetric(
        namespace=text(metric.get("Namespace")),
        name=text(metric.get("MetricName")),
        statistic=text(stat.get("Stat") or stat.get("Statistic") or stat.get("ExtendedStatistic")),
        period=number(stat.get("Period")) or 0,
        dimensions={d["Name"]: text(d["Value"]) for d in metric.get("Dimensions", [])},
        unit=stat.get("Unit"),
    )


def evaluation_seconds(alarm: Properties) -> float:
    """How long a breach may take to turn this alarm, publication included."""
    period = max((metric.period for metric in watched_metrics(alarm)), default=0)
    return ((number(alarm.get("EvaluationPeriods")) or 0) + _PUBLICATION_PERIODS) * period


def rollback_alarms(
    template: Template, endpoint: Properties
) -> Iterator[tuple[str, Properties | None]]:
    """Name and properties of each rollback alarm; None where the template has no such alarm."""
    known = {}
    for logical_id, alarm in resources(template, ALARM):
        known[f"${{{logical_id}}}"] = alarm
        known[text(alarm.get("AlarmName"))] = alarm
    rollback = endpoint.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
    for entry in rollback.get("Alarms", []):
        name = text(entry.get("AlarmName"))
        yield name, known.get(name)
