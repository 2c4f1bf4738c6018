"""Tells people when the delivery needs one of them."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite

# Superseded cannot happen in a queue; Stopped is a person's own doing.
_BROKEN: Final = ["FAILED"]


class DeliveryAlerts(Construct):
    """An encrypted topic; a failed run and a waiting approval each write a sentence to it."""

    def __init__(
        self, scope: Construct, id_: str, *, site: DeliverySite, pipeline: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._pipeline = pipeline
        self.topic = sns.Topic(
            self, "Topic", topic_name=f"{site.prefix}-alerts", master_key=key, enforce_ssl=True
        )
        self._role = self._publishing_role(key)
        self._undelivered = self._queue()
        self.failed = self._rule("Failed", "Pipeline", {"state": _BROKEN}, self._failure())
        waiting = {"state": ["STARTED"], "type": {"category": ["Approval"]}}
        self.waiting = self._rule("Waiting", "Action", waiting, self._question())

    def _rule(
        self, id_: str, subject: str, detail: Mapping[str, object], message: str
    ) -> events.Rule:
        return events.Rule(
            self,
            id_,
            description=f"{id_}: the delivery pipeline {self._pipeline}",
            event_pattern=events.EventPattern(
                source=["aws.codepipeline"],
                detail_type=[f"CodePipeline {subject} Execution State Change"],
                detail={"pipeline": [self._pipeline], **detail},
            ),
            targets=[
                targets.SnsTopic(
                    self.topic,
                    message=events.RuleTargetInput.from_text(message),
                    role=self._role,
                    dead_letter_queue=self._undelivered,
                )
            ],
        )

    def _queue(self) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "Undelivered",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        reason = "this queue is the dead-letter queue; a second one would only hide messages"
        Validations.of(queue).acknowledge(
            Acknowledgment(id="AwsSolutions::AwsSolutions-SQS3", reason=reason)
        )
        return queue

    def _failure(self) -> str:
        execution = events.EventField.from_path("$.detail.execution-id")
        return (
            f"Delivery failed in {self._pipeline}, execution {execution}. "
            "The reason stands in the failed action; after its cause is gone, retry that action."
        )

    def _question(self) -> str:
        stage = events.EventField.from_path("$.detail.stage")
        return (
            f"{self._pipeline} waits before {stage} for somebody to approve or reject. "
            "What permissions it would widen stands in the action before."
        )

    def _publishing_role(self, key: kms.IKey) -> iam.IRole:
        trusted = iam.ServicePrincipal("events.amazonaws.com", conditions=self._site.from_here)
        statements = [
            iam.PolicyStatement(actions=["sns:Publish"], resources=[self.topic.topic_arn]),
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[key.key_arn]
            ),
        ]
        role = iam.Role(
            self,
            "Role",
            assumed_by=trusted,
            inline_policies={"Permissions": iam.PolicyDocument(statements=statements)},
        )
        return role.without_policy_updates()
