"""Alarms over what batch runs publish, and over their silence."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.contract import BatchSpec
from mlops.contract.schedules import runs_daily
from mlops_constructs.batch_permissions import NAMESPACE
from mlops_constructs.release import Release

RUNBOOK: Final = "docs/runbooks/batch-failed.md"
_Alarm = cloudwatch.CfnAlarm
_DAY: Final = 86_400
_HOUR: Final = 3600
_DAYS_WITHOUT_RUN: Final = 2


class BatchAlarms(Construct):
    """Both tell the stage's alert topic.

    Runs that are missing are noticed of a schedule that fires every day; CloudWatch looks back a
    week at most, and a start that Scheduler could not deliver is told by the dead letters anyway.
    """

    def __init__(self, scope: Construct, id_: str, *, release: Release, batch: BatchSpec) -> None:
        super().__init__(scope, id_)
        self._release = release
        stage, model = release.site.stage, release.model.name
        self._name = release.site.names.batch_pipeline(stage, model)
        self._empty_files()
        if batch.schedule is not None and runs_daily(batch.schedule):
            self._missing_run()

    def _empty_files(self) -> None:
        key = "empty-file"
        _Alarm(
            self,
            "EmptyFile",
            alarm_name=f"{self._name}-{key}",
            alarm_description=self._description(key, "was given a file without a row"),
            namespace=NAMESPACE,
            metric_name="EmptyFiles",
            dimensions=self._dimensions(),
            statistic="Sum",
            period=_HOUR,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _missing_run(self) -> None:
        """Silence is the one thing that this alarm is about, so what is missing breaches."""
        key = "missing-run"
        _Alarm(
            self,
            "MissingRun",
            alarm_name=f"{self._name}-{key}",
            alarm_description=self._description(key, "has not looked for files"),
            namespace=NAMESPACE,
            metric_name="Runs",
            dimensions=self._dimensions(),
            statistic="Sum",
            period=_DAY,
            evaluation_periods=_DAYS_WITHOUT_RUN,
            datapoints_to_alarm=_DAYS_WITHOUT_RUN,
            threshold=1,
            comparison_operator="LessThanThreshold",
            treat_missing_data="breaching",
            # The first run is up to a day away; until then nothing is missing.
            warm_up_configuration=_Alarm.WarmUpConfigurationProperty(
                warm_up_period_duration_in_minutes=_DAYS_WITHOUT_RUN * _DAY // 60
            ),
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _dimensions(self) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
        return [_Alarm.DimensionProperty(name="PipelineName", value=self._name)]

    def _description(self, key: str, title: str) -> str:
        owner = self._release.model.owners.data_science
        return f"{self._name} {title}. {owner}. Runbook: {RUNBOOK}#{key}"
