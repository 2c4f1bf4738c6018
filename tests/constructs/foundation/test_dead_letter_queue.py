"""Nothing that could not be delivered is lost in silence."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.foundation.dead_letter_queue import DeadLetterQueue
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def undelivered(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    from aws_cdk import aws_sns as sns

    def build(stack: Any) -> None:
        topic = sns.Topic.from_topic_arn(stack, "Topic", site_of("dev").alert_topic_arn)
        DeadLetterQueue(stack, "Undelivered", site=site_of("dev"), topic=topic)

    return render(build)


def test_the_queue_is_encrypted_and_keeps_messages_for_two_weeks(undelivered: Any) -> None:
    queue = undelivered.only("AWS::SQS::Queue")

    assert queue["QueueName"] == "acme-dev-undelivered"
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_only_rules_of_this_account_and_region_may_send(undelivered: Any) -> None:
    policy = undelivered.only("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    allowed = [statement for statement in policy if statement["Effect"] == "Allow"]

    assert [s["Condition"] for s in allowed] == [
        {"ArnLike": {"aws:SourceArn": "arn:aws:events:eu-west-1:200000000000:rule/*"}}
    ]


def test_nobody_talks_to_the_queue_without_encryption(undelivered: Any) -> None:
    policy = undelivered.only("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    (denied,) = (statement for statement in policy if statement["Effect"] == "Deny")

    assert (denied["Principal"], denied["Action"]) == ({"AWS": "*"}, "sqs:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_first_message_alerts_people(undelivered: Any) -> None:
    alarm = undelivered.only("AWS::CloudWatch::Alarm")

    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == ["arn:aws:sns:eu-west-1:200000000000:acme-dev-alerts"]
