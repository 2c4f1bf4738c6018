"""A failed delivery and a waiting question reach people, encrypted."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.delivery_alerts import DeliveryAlerts
from mlops_constructs.delivery_site import DeliverySite


@pytest.fixture(scope="module")
def alerts(render: Callable[..., Any], names: Names, key_in: Any) -> Any:
    site = DeliverySite(names=names)
    return render(
        lambda stack: DeliveryAlerts(
            stack, "Alerts", site=site, pipeline="acme-delivery", key=key_in(stack)
        )
    )


def test_the_topic_is_encrypted(alerts: Any) -> None:
    assert alerts.only("AWS::SNS::Topic")["KmsMasterKeyId"]


def test_a_failed_run_and_a_waiting_approval_are_told(alerts: Any) -> None:
    patterns = [rule["EventPattern"] for rule in alerts.all("AWS::Events::Rule")]

    assert patterns == [
        {
            "source": ["aws.codepipeline"],
            "detail-type": ["CodePipeline Pipeline Execution State Change"],
            "detail": {"pipeline": ["acme-delivery"], "state": ["FAILED"]},
        },
        {
            "source": ["aws.codepipeline"],
            "detail-type": ["CodePipeline Action Execution State Change"],
            "detail": {
                "pipeline": ["acme-delivery"],
                "state": ["STARTED"],
                "type": {"category": ["Approval"]},
            },
        },
    ]


def test_what_cannot_be_told_is_kept_in_a_queue_that_is_there_first(alerts: Any) -> None:
    (queue_id,) = [i for i, r in alerts.resources.items() if r["Type"] == "AWS::SQS::Queue"]
    targets = [rule["Targets"][0] for rule in alerts.all("AWS::Events::Rule")]

    assert {target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] for target in targets} == {queue_id}


def test_what_was_kept_is_told(alerts: Any) -> None:
    alarm = alerts.only("AWS::CloudWatch::Alarm")
    (topic_id,) = [i for i, r in alerts.resources.items() if r["Type"] == "AWS::SNS::Topic"]

    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarm["AlarmActions"] == [{"Ref": topic_id}]


def test_alarms_of_this_account_alone_may_publish(alerts: Any) -> None:
    statements = alerts.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    publishing = [s for s in statements if s["Effect"] == "Allow"]

    assert [(s["Principal"], s["Condition"]) for s in publishing] == [
        (
            {"Service": "cloudwatch.amazonaws.com"},
            {"StringEquals": {"aws:SourceAccount": "100000000000"}},
        )
    ]
