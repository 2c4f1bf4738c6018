"""Tells people how an execution of a training pipeline ended."""

from typing import Final

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops.contract import ModelSpec
from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

# Whatever ended without Succeeded needs a look.
FAILURES: Final = ["CompletedWithFailures", "Failed", "Stopped"]


class PipelineAlerts(Construct):
    """Two rules, success and failure, that write a sentence to the alert topic.

    The rules publish with a role, since the key of an encrypted topic cannot tell one account's
    rules from another's.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, model: ModelSpec, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._model = model
        self._topic = sns.Topic.from_topic_arn(self, "Topic", site.alert_topic_arn)
        self._dead_letters = sqs.Queue.from_queue_arn(
            self, "DeadLetters", site.dead_letter_queue_arn
        )
        self._role = self._publishing_role(key)
        self.failed = self._rule("Failed", FAILURES, self._failure())
        self.succeeded = self._rule("Succeeded", ["Succeeded"], self._success())

    def _rule(self, id_: str, statuses: list[str], message: str) -> events.Rule:
        return events.Rule(
            self,
            id_,
            description=f"Training of {self._model.name}: {', '.join(statuses)}",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Building Pipeline Execution Status Change"],
                detail={
                    "pipelineArn": [self._site.names.pipeline_arn(self._model.name)],
                    "currentPipelineExecutionStatus": statuses,
                },
            ),
            targets=[self._people(message)],
        )

    def _people(self, message: str) -> targets.SnsTopic:
        return targets.SnsTopic(
            self._topic,
            message=events.RuleTargetInput.from_text(message),
            role=self._role,
            dead_letter_queue=self._dead_letters,
        )

    def _failure(self) -> str:
        return (
            f"{self._opening()} The reason stands in the failed step. "
            f"Data science: {self._model.owners.data_science}."
        )

    def _success(self) -> str:
        return (
            f"{self._opening()} A version that passed its gates waits in the group "
            f"{self._site.names.model_package_group(self._model.name)} for approval."
        )

    def _opening(self) -> str:
        status = events.EventField.from_path("$.detail.currentPipelineExecutionStatus")
        execution = events.EventField.from_path("$.detail.pipelineExecutionArn")
        stage = self._site.stage.name
        return f"Training of {self._model.name} in {stage} ended: {status}. {execution}"

    def _publishing_role(self, key: kms.IKey) -> iam.IRole:
        role = service_role(
            self,
            "Role",
            service="events.amazonaws.com",
            site=self._site,
            permissions=[
                Permission(
                    sid="Publish",
                    actions=["sns:Publish"],
                    resources=[self._site.alert_topic_arn],
                ),
                Permission(
                    sid="PublishEncrypted",
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[key.key_arn],
                ),
            ],
        )
        return role.without_policy_updates()
