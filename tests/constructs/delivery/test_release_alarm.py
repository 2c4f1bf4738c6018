"""A release automation that fails is told once, in words that say what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.release_alarm import ReleaseAlarm
from mlops_constructs.delivery_site import DeliverySite

TOPIC = "arn:aws:sns:eu-west-1:100000000000:acme-delivery-alerts"


@pytest.fixture(scope="module")
def alarm(render: Callable[..., Any], names: Names) -> Any:
    from aws_cdk import aws_codebuild as codebuild
    from aws_cdk import aws_sns as sns

    site = DeliverySite(names=names)

    def build(stack: Any) -> None:
        ReleaseAlarm(
            stack,
            "Alarm",
            site=site,
            project=codebuild.Project.from_project_name(stack, "P", site.release_automation),
            topic=sns.Topic.from_topic_arn(stack, "T", TOPIC),
        )

    return render(build).only("AWS::CloudWatch::Alarm")


def test_one_failed_build_of_this_project_is_enough(alarm: Any) -> None:
    assert alarm["Dimensions"] == [{"Name": "ProjectName", "Value": "acme-release-automation"}]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/CodeBuild", "FailedBuilds")
    assert (alarm["Threshold"], alarm["Statistic"]) == (0, "Sum")
    assert alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) == 1
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["AlarmActions"] == [TOPIC]


def test_it_stays_red_from_one_sweep_to_the_next(alarm: Any) -> None:
    assert alarm["Period"] * alarm["EvaluationPeriods"] >= 2 * 15 * 60
    assert alarm["TreatMissingData"] == "notBreaching"


def test_people_read_where_the_reason_is(alarm: Any) -> None:
    assert "acme-release-automation ends with the reason" in alarm["AlarmDescription"]
    assert "Runbook: docs/runbooks/" in alarm["AlarmDescription"]
