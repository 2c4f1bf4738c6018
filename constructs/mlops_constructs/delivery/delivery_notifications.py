"""Whom the delivery tells: addresses by mail, a channel by the service's own messages."""

from typing import Final

from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codestarnotifications as notifications
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from mlops.contract import SlackChannel
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.service_role import service_role

# Ids of the notification service; the library's own names of them fit its other method only.
_EVENTS: Final = [
    "codepipeline-pipeline-pipeline-execution-failed",
    "codepipeline-pipeline-manual-approval-needed",
]


class DeliveryNotifications(Construct):
    """Subscribes whom `delivery.notifications` names.

    The chat service drops a message that it cannot parse, so the channel gets the pipeline's events
    in the pipeline's own form; of the topic it shows the alarms.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: DeliverySite,
        topic: sns.ITopic,
        pipeline: codepipeline.IPipeline,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        told = site.delivery.notifications
        for address in told.emails:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        if told.slack is not None:
            self._subscribe(self._channel(told.slack, topic), pipeline)

    def _channel(
        self, channel: SlackChannel, topic: sns.ITopic
    ) -> chatbot.SlackChannelConfiguration:
        # A role is required, and what people type in the channel would run with it. It may do
        # nothing, and the guardrail, which is AdministratorAccess by default, says so once more.
        role = service_role(
            self, "Role", service="chatbot.amazonaws.com", site=self._site, permissions=[]
        )
        return chatbot.SlackChannelConfiguration(
            self,
            "Slack",
            slack_channel_configuration_name=self._site.prefix,
            slack_workspace_id=channel.workspace,
            slack_channel_id=channel.channel,
            role=role.without_policy_updates(),
            guardrail_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AWSDenyAll")],
            notification_topics=[topic],
        )

    def _subscribe(
        self, channel: chatbot.ISlackChannelConfiguration, pipeline: codepipeline.IPipeline
    ) -> None:
        notifications.NotificationRule(
            self,
            "Rule",
            notification_rule_name=self._site.prefix,
            source=pipeline,
            events=_EVENTS,
            detail_type=notifications.DetailType.BASIC,
            targets=[channel],
        )
