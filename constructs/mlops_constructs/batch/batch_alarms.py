"""Alarms over what batch runs publish, and over their silence."""

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops.contract import BatchSpec
from mlops.contract.schedules import runs_daily
from mlops.metrics import BATCH_EMPTY_FILES, BATCH_RUNS
from mlops_constructs.missing_run_alarm import Runs, missing_run_alarm
from mlops_constructs.release import Release

RUNBOOK: Final = "docs/runbooks/batch-failed.md"
_Alarm = cloudwatch.CfnAlarm
_HOUR: Final = 3600
_EMPTY_FILE: Final = "empty-file"
_MISSING_RUN: Final = "missing-run"


def batch_alarm_names(release: Release) -> list[str]:
    """Names of the alarms over a model's batch runs; none of a model without batches."""
    batch, names = release.model.batch, release.site.names
    if batch is None:
        return []
    keys = [_EMPTY_FILE, _MISSING_RUN] if _is_daily(batch) else [_EMPTY_FILE]
    pipeline = names.batch_pipeline(release.site.stage, release.model.name)
    return [f"{pipeline}-{key}" for key in keys]


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
        if _is_daily(batch):
            self._missing_run()

    def _empty_files(self) -> None:
        _Alarm(
            self,
            "EmptyFile",
            alarm_name=f"{self._name}-{_EMPTY_FILE}",
            alarm_description=self._description(_EMPTY_FILE, "was given a file without a row"),
            namespace=BATCH_EMPTY_FILES.namespace,
            metric_name=BATCH_EMPTY_FILES.name,
            dimensions=[_Alarm.DimensionProperty(name=BATCH_EMPTY_FILES.owner, value=self._name)],
            statistic="Sum",
            period=_HOUR,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[self._release.site.alert_topic_arn],
        )

    def _missing_run(self) -> None:
        missing_run_alarm(
            self,
            Runs(metric=BATCH_RUNS, of=self._name),
            name=f"{self._name}-{_MISSING_RUN}",
            description=self._description(_MISSING_RUN, "has not looked for files"),
            topic_arn=self._release.site.alert_topic_arn,
        )

    def _description(self, key: str, title: str) -> str:
        owner = self._release.model.owners.data_science
        return f"{self._name} {title}. {owner}. Runbook: {RUNBOOK}#{key}"


def _is_daily(batch: BatchSpec) -> bool:
    return batch.schedule is not None and runs_daily(batch.schedule)
