"""Tells people that a batch run did not end well."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs.batch.batch_alarms import RUNBOOK
from mlops_constructs.permission import Permission
from mlops_constructs.release import Release
from mlops_constructs.service_role import service_role
from mlops_constructs.training.pipeline_alerts import FAILURES


class BatchAlert(Construct):
    """One rule on failed runs that writes a sentence to the alert topic; success is quiet."""

    def __init__(self, scope: Construct, id_: str, *, release: Release, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._release = release
        names, site, model = release.site.names, release.site, release.model
        events.Rule(
            self,
            "Failed",
            description=f"Batch of {model.name}: {', '.join(FAILURES)}",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Building Pipeline Execution Status Change"],
                detail={
                    "pipelineArn": [names.batch_pipeline_arn(site.stage, model.name)],
                    "currentPipelineExecutionStatus": FAILURES,
                },
            ),
            targets=[
                targets.SnsTopic(
                    sns.Topic.from_topic_arn(self, "Topic", site.alert_topic_arn),
                    message=events.RuleTargetInput.from_text(self._message()),
                    role=self._publishing_role(key),
                    dead_letter_queue=sqs.Queue.from_queue_arn(
                        self, "DeadLetters", site.dead_letter_queue_arn
                    ),
                )
            ],
        )

    def _message(self) -> str:
        status = events.EventField.from_path("$.detail.currentPipelineExecutionStatus")
        execution = events.EventField.from_path("$.detail.pipelineExecutionArn")
        model, stage = self._release.model, self._release.site.stage
        return (
            f"Batch of {model.name} in {stage.name} ended: {status}. {execution} "
            f"Files that were answered have their output; the others were taken and have none. "
            f"Data science: {model.owners.data_science}. Runbook: {RUNBOOK}"
        )

    def _publishing_role(self, key: kms.IKey) -> iam.IRole:
        topic = self._release.site.alert_topic_arn
        role = service_role(
            self,
            "Role",
            service="events.amazonaws.com",
            site=self._release.site,
            permissions=[
                Permission(sid="Publish", actions=["sns:Publish"], resources=[topic]),
                Permission(
                    sid="PublishEncrypted",
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[key.key_arn],
                ),
            ],
        )
        return role.without_policy_updates()
