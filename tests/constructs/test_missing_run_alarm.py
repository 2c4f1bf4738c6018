"""Two silent days are told; a stack that is new is not silent."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.metrics import BATCH_RUNS
from mlops_constructs.missing_run_alarm import Runs, missing_run_alarm

TOPIC = "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"


@pytest.fixture(scope="module")
def alarm(render: Callable[..., Any]) -> Any:
    runs = Runs(metric=BATCH_RUNS, of="acme-prod-churn-batch")
    rendered = render(
        lambda stack: missing_run_alarm(
            stack, runs, name="quiet", description="is silent", topic_arn=TOPIC
        )
    )
    return rendered.only("AWS::CloudWatch::Alarm")


def test_it_sums_the_owners_runs_by_day(alarm: Any) -> None:
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Mlops/Batch", "Runs")
    assert (alarm["Statistic"], alarm["Period"]) == ("Sum", 86_400)
    assert alarm["Dimensions"] == [{"Name": "PipelineName", "Value": "acme-prod-churn-batch"}]


def test_what_is_missing_breaches_after_two_days(alarm: Any) -> None:
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (2, 2)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["AlarmActions"] == [TOPIC]


def test_it_waits_as_long_before_it_judges_a_new_stack(alarm: Any) -> None:
    assert alarm["WarmUpConfiguration"] == {"WarmUpPeriodDurationInMinutes": 2 * 24 * 60}
