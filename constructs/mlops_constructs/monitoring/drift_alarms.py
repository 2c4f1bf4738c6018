"""Alarms over what the drift job publishes, and over its silence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.contract import ModelSpec
from mlops.metrics import CHECK, MISSING_CAPTURE, RUNS
from mlops_constructs.missing_run_alarm import Runs, missing_run_alarm
from mlops_constructs.release import Release

RUNBOOK: Final = "docs/runbooks/drift-alarms.md"
_Alarm = cloudwatch.CfnAlarm
_DAY: Final = 86_400
_MISSING_CAPTURE: Final = "missing-capture"
_MISSING_RUN: Final = "missing-run"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Checks of a window, any of which turns an alarm red."""

    key: str
    title: str
    checks: Sequence[str]


def watches(model: ModelSpec) -> Iterator[Watch]:
    """What is watched; labels and groups only where the contract has them."""
    labelled = ("labels",) if model.monitoring.labels else ()
    yield Watch(key="drift", title="drifts", checks=("inputs", "predictions", *labelled))
    yield Watch(key="data-quality", title="is sent data that breaks its contract",
                checks=("contract", "reading"))  # fmt: skip
    if model.monitoring.limits:
        yield Watch(key="model-quality", title="errs more than its limits allow",
                    checks=("performance",))  # fmt: skip
    if model.problem.groups:
        yield Watch(key="bias", title="treats groups differently", checks=("bias",))


def drift_alarm_names(release: Release) -> list[str]:
    """Names of the alarms over a model's drift job."""
    checks = [watch.key for watch in watches(release.model)]
    return [_name(release, key) for key in (*checks, _MISSING_CAPTURE, _MISSING_RUN)]


class DriftAlarms(Construct):
    """Each tells the stage's alert topic; its description names its section of the runbook.

    A run publishes once a day at least, so every alarm looks at days. An alarm of a check keeps
    its state while nothing is published: only a later window that is quiet makes it green.
    """

    def __init__(self, scope: Construct, id_: str, *, release: Release) -> None:
        super().__init__(scope, id_)
        self._release = release
        for watch in watches(release.model):
            self._check_alarm(watch)
        self._count_alarm(_MISSING_CAPTURE, "answers callers and captures nothing")
        self._missing_run()

    def _check_alarm(self, watch: Watch) -> None:
        ids = [f"check{number}" for number in range(len(watch.checks))]
        _Alarm(
            self,
            _id(watch.key),
            alarm_name=_name(self._release, watch.key),
            alarm_description=self._description(watch.key, watch.title),
            metrics=[
                _Alarm.MetricDataQueryProperty(
                    id="found", label=watch.title, expression=f"MAX([{', '.join(ids)}])"
                ),
                *(self._check(id_, name) for id_, name in zip(ids, watch.checks, strict=True)),
            ],
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="ignore",
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _check(self, id_: str, name: str) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
        return _Alarm.MetricDataQueryProperty(
            id=id_,
            return_data=False,
            metric_stat=_Alarm.MetricStatProperty(
                metric=_Alarm.MetricProperty(
                    namespace=CHECK.namespace,
                    metric_name=CHECK.name,
                    dimensions=[
                        _Alarm.DimensionProperty(name=str(CHECK.by), value=name),
                        *self._dimensions(),
                    ],
                ),
                period=_DAY,
                stat="Maximum",
            ),
        )

    def _count_alarm(self, key: str, title: str) -> None:
        _Alarm(
            self,
            _id(key),
            alarm_name=_name(self._release, key),
            alarm_description=self._description(key, title),
            namespace=MISSING_CAPTURE.namespace,
            metric_name=MISSING_CAPTURE.name,
            dimensions=self._dimensions(),
            statistic="Maximum",
            period=_DAY,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="ignore",
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _missing_run(self) -> None:
        release = self._release
        missing_run_alarm(
            self,
            Runs(metric=RUNS, of=release.endpoint_name),
            name=_name(release, _MISSING_RUN),
            description=self._description(_MISSING_RUN, "was not looked at by its drift job"),
            topic_arn=release.site.alert_topic_arn,
        )

    def _dimensions(self) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
        return [_Alarm.DimensionProperty(name="EndpointName", value=self._release.endpoint_name)]

    def _description(self, key: str, title: str) -> str:
        owner = self._release.model.owners.data_science
        return f"{self._release.endpoint_name} {title}. {owner}. Runbook: {RUNBOOK}#{key}"


def _id(key: str) -> str:
    return key.title().replace("-", "")


def _name(release: Release, key: str) -> str:
    if key == "drift":
        return release.site.names.drift_alarm(release.site.stage, release.model.name)
    return f"{release.endpoint_name}-drift-{key}"
