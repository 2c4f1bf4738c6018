"""Alarms that page: the endpoint as its callers meet it, whatever release it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.contract import virtual_cpus
from mlops.dashboards.traffic_panels import (
    CPU_PERCENT,
    DISK_PERCENT,
    INSTANCES,
    MEMORY_PERCENT,
)
from mlops.rollout import microseconds
from mlops_constructs.release import VARIANT, Release

_Alarm = cloudwatch.CfnAlarm
_INVOCATIONS: Final = "AWS/SageMaker"
RUNBOOK: Final = "docs/runbooks/endpoint-alarms.md"


@dataclass(frozen=True, kw_only=True)
class Page:
    """Something about an endpoint that a person has to look at."""

    key: str
    title: str
    metric: str
    statistic: Literal["Average", "p99"]
    threshold: float
    namespace: str = _INVOCATIONS


def pages(release: Release) -> Iterator[Page]:
    """What pages, beside the silence of an endpoint that ought to be busy."""
    objective = microseconds(release.model.endpoint.latency_p99_ms)
    errors = release.canary.alarms.error_ratio
    yield Page(
        key="server-errors", title="answers 5xx", metric="Invocation5XXErrors",
        statistic="Average", threshold=errors,
    )  # fmt: skip
    yield Page(
        key="latency", title="is slower than its objective", metric="ModelLatency",
        statistic="p99", threshold=objective,
    )  # fmt: skip
    yield Page(
        key="overhead", title="loses time outside of the model", metric="OverheadLatency",
        statistic="p99", threshold=objective,
    )  # fmt: skip
    for key, metric, percent in (
        ("cpu", "CPUUtilization", CPU_PERCENT * virtual_cpus(release.instance_type)),
        ("memory", "MemoryUtilization", MEMORY_PERCENT),
        ("disk", "DiskUtilization", DISK_PERCENT),
    ):
        yield Page(
            key=key, title=f"is short of {key}", metric=metric,
            statistic="Average", threshold=percent, namespace=INSTANCES,
        )  # fmt: skip


def on_call_alarm_names(release: Release) -> list[str]:
    """Names of everything that pages for an endpoint."""
    silence = ["no-healthy-traffic"] if _is_last(release) else []
    return [_name(release, key) for key in (*(page.key for page in pages(release)), *silence)]


class OnCallAlarms(Construct):
    """Pages the stage's alert topic; each description names its section of the runbook.

    Silence pages in the last stage only: the others have no callers of their own.
    """

    def __init__(self, scope: Construct, id_: str, *, release: Release) -> None:
        super().__init__(scope, id_)
        self._release = release
        for page in pages(release):
            self._alarm(page)
        if _is_last(release):
            self._silence()

    def _alarm(self, page: Page) -> None:
        is_percentile = page.statistic == "p99"
        _Alarm(
            self,
            page.key.title().replace("-", ""),
            alarm_name=_name(self._release, page.key),
            alarm_description=self._description(page.key, page.title),
            namespace=page.namespace,
            metric_name=page.metric,
            dimensions=self._dimensions(),
            statistic=None if is_percentile else page.statistic,
            extended_statistic=page.statistic if is_percentile else None,
            period=60,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            threshold=page.threshold,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _silence(self) -> None:
        """No healthy answer for a quarter of an hour, where the contract expects some a minute."""
        _Alarm(
            self,
            "NoHealthyTraffic",
            alarm_name=_name(self._release, "no-healthy-traffic"),
            alarm_description=self._description("no-healthy-traffic", "gives no healthy answer"),
            metrics=[
                _Alarm.MetricDataQueryProperty(
                    id="healthy",
                    label="healthy answers",
                    expression="FILL(requests, 0) - FILL(errors, 0)",
                ),
                self._count("requests", "Invocations"),
                self._count("errors", "Invocation5XXErrors"),
            ],
            evaluation_periods=3,
            datapoints_to_alarm=3,
            threshold=1,
            comparison_operator="LessThanThreshold",
            treat_missing_data="breaching",
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _count(self, id_: str, metric: str) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
        return _Alarm.MetricDataQueryProperty(
            id=id_,
            return_data=False,
            metric_stat=_Alarm.MetricStatProperty(
                metric=_Alarm.MetricProperty(
                    namespace=_INVOCATIONS, metric_name=metric, dimensions=self._dimensions()
                ),
                period=300,
                stat="Sum",
            ),
        )

    def _dimensions(self) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
        return [
            _Alarm.DimensionProperty(name="EndpointName", value=self._release.endpoint_name),
            _Alarm.DimensionProperty(name="VariantName", value=VARIANT),
        ]

    def _description(self, key: str, title: str) -> str:
        owner = self._release.model.owners.on_call
        return f"{self._release.endpoint_name} {title}. {owner}. Runbook: {RUNBOOK}#{key}"


def _is_last(release: Release) -> bool:
    return release.site.stage.name == release.site.names.stages.stages[-1].name


def _name(release: Release, key: str) -> str:
    return f"{release.endpoint_name}-oncall-{key}"
