"""Tells people when the delivery needs one of them."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.foundation.alarm_permissions import alarms_publish
from mlops_constructs.foundation.dead_letter_queue import DeadLetterQueue
from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role

# Superseded cannot happen in a queue; Stopped is a person's own doing.
_BROKEN: Final = ["FAILED"]


class DeliveryAlerts(Construct):
    """An encrypted topic; a failed run and a waiting approval each write a sentence to it.

    What could not be delivered, here or by another rule of this account, is kept and told as well.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: DeliverySite, pipeline: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._pipeline = pipeline
        self.topic = sns.Topic(
            self, "Topic", topic_name=f"{site.prefix}-alerts", master_key=key, enforce_ssl=True
        )
        self.topic.add_to_resource_policy(alarms_publish(self.topic, site))
        kept = DeadLetterQueue(self, "Undelivered", site=site, topic=self.topic).queue
        # By its ARN: the queue's policy admits this account's rules already, all in one statement.
        self.dead_letters = sqs.Queue.from_queue_arn(self, "DeadLetters", kept.queue_arn)
        self._role = self._publishing_role(key)
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
                    dead_letter_queue=self.dead_letters,
                )
            ],
        )

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
        role = service_role(
            self,
            "Role",
            service="events.amazonaws.com",
            site=self._site,
            permissions=[
                Permission(
                    sid="Publish", actions=["sns:Publish"], resources=[self.topic.topic_arn]
                ),
                Permission(
                    sid="PublishEncrypted",
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[key.key_arn],
                ),
            ],
        )
        return role.without_policy_updates()
