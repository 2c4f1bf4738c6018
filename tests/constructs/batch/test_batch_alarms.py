"""Silence of a daily schedule and files without rows are told."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import BatchSpec
from mlops_constructs.batch.batch_alarms import BatchAlarms
from mlops_constructs.release import Release

ALARM = "AWS::CloudWatch::Alarm"


@pytest.fixture(scope="module")
def alarms_of(
    render: Callable[..., Any], release_of: Callable[..., Release]
) -> Callable[..., dict[str, dict[str, Any]]]:
    def alarms(**batch: Any) -> dict[str, dict[str, Any]]:
        spec = BatchSpec(**batch)
        found = render(
            lambda stack: BatchAlarms(stack, "Alarms", release=release_of(), batch=spec)
        ).all(ALARM)
        return {one["AlarmName"].removeprefix("acme-prod-churn-batch-"): one for one in found}

    return alarms


def test_two_days_without_a_run_are_told(alarms_of: Callable[..., Any]) -> None:
    alarm = alarms_of(schedule="cron(0 4 * * ? *)")["missing-run"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("Mlops/Batch", "Runs")
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (86_400, 2)
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["WarmUpConfiguration"] == {"WarmUpPeriodDurationInMinutes": 2880}
    assert alarm["AlarmActions"] == ["arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"]


@pytest.mark.parametrize(
    "batch",
    [{"on_new_input": True}, {"schedule": "cron(0 4 1 * ? *)"}],
    ids=["uploads alone", "monthly"],
)
def test_a_batch_that_may_be_silent_for_days_has_no_alarm_on_silence(
    alarms_of: Callable[..., Any], batch: dict[str, Any]
) -> None:
    assert list(alarms_of(**batch)) == ["empty-file"]


def test_an_empty_file_is_told_with_whom_to_ask_and_where_to_read(
    alarms_of: Callable[..., Any],
) -> None:
    alarm = alarms_of(on_new_input=True)["empty-file"]

    assert alarm["MetricName"] == "EmptyFiles"
    assert alarm["Dimensions"] == [{"Name": "PipelineName", "Value": "acme-prod-churn-batch"}]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmDescription"] == (
        "acme-prod-churn-batch was given a file without a row. science@example.com. "
        "Runbook: docs/runbooks/batch-failed.md#empty-file"
    )
