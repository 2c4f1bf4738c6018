"""People are subscribed by the configuration; a channel can read and do nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names, Notifications, SlackChannel
from mlops_constructs.delivery.delivery_notifications import DeliveryNotifications
from mlops_constructs.delivery_site import DeliverySite

TOPIC = "arn:aws:sns:eu-west-1:100000000000:acme-delivery-alerts"
PIPELINE = "arn:aws:codepipeline:eu-west-1:100000000000:acme-delivery"
CHANNEL = SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23")
Told = Callable[[Notifications], Any]


@pytest.fixture(scope="module")
def told(render: Callable[..., Any], names: Names) -> Told:
    from aws_cdk import aws_codepipeline as codepipeline
    from aws_cdk import aws_sns as sns

    def rendered(notifications: Notifications) -> Any:
        delivery = names.stages.delivery.model_copy(update={"notifications": notifications})
        telling = Names(stages=names.stages.model_copy(update={"delivery": delivery}))

        def build(stack: Any) -> None:
            DeliveryNotifications(
                stack,
                "Notifications",
                site=DeliverySite(names=telling),
                topic=sns.Topic.from_topic_arn(stack, "T", TOPIC),
                pipeline=codepipeline.Pipeline.from_pipeline_arn(stack, "P", PIPELINE),
            )

        return render(build)

    return rendered


@pytest.fixture(scope="module")
def slack(told: Told) -> Any:
    return told(Notifications(slack=CHANNEL))


def test_nobody_is_told_who_was_not_named(told: Told) -> None:
    assert told(Notifications()).resources == {}


def test_each_address_subscribes_to_the_topic(told: Told) -> None:
    rendered = told(Notifications(emails=("a@example.com", "b@example.com")))

    assert [
        (one["Protocol"], one["Endpoint"], one["TopicArn"])
        for one in rendered.all("AWS::SNS::Subscription")
    ] == [("email", "a@example.com", TOPIC), ("email", "b@example.com", TOPIC)]


def test_the_channel_hears_of_failures_and_questions_in_the_pipelines_own_form(slack: Any) -> None:
    rule = slack.only("AWS::CodeStarNotifications::NotificationRule")

    assert rule["Resource"] == PIPELINE
    assert rule["EventTypeIds"] == [
        "codepipeline-pipeline-pipeline-execution-failed",
        "codepipeline-pipeline-manual-approval-needed",
    ]
    assert [target["TargetType"] for target in rule["Targets"]] == ["AWSChatbotSlack"]


def test_the_channel_shows_the_alarms_of_the_topic(slack: Any) -> None:
    channel = slack.only("AWS::Chatbot::SlackChannelConfiguration")

    assert (channel["SlackWorkspaceId"], channel["SlackChannelId"]) == (
        "T07EA123LEP",
        "C07EZ1ABC23",
    )
    assert channel["SnsTopicArns"] == [TOPIC]


def test_whoever_writes_in_the_channel_may_do_nothing(slack: Any) -> None:
    channel = slack.only("AWS::Chatbot::SlackChannelConfiguration")
    role = slack.only("AWS::IAM::Role")

    (guardrail,) = channel["GuardrailPolicies"]
    assert guardrail["Fn::Join"][1][-1] == ":iam::aws:policy/AWSDenyAll"
    assert "Policies" not in role
    assert slack.all("AWS::IAM::Policy") == []
    assert "UserRoleRequired" not in channel


def test_the_channels_role_is_for_this_account(slack: Any) -> None:
    (trust,) = slack.only("AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "chatbot.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "100000000000"}}
