"""What starts the delivery for every commit on a branch of a CodeCommit repository."""

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops.contract import Source
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role


class CommitTrigger(Construct):
    """A rule on the repository's branch that starts the pipeline; a start that fails is kept.

    The library would make such a rule itself, without a queue: a commit that it could not deliver
    would be delivered with the next one, and nobody would know. A connection needs no rule.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: DeliverySite,
        source: Source,
        pipeline: codepipeline.IPipeline,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.rule = events.Rule(
            self,
            "Rule",
            description=f"Starts the delivery: commits on {source.branch}",
            event_pattern=self._pattern(source),
            targets=[
                targets.CodePipeline(
                    pipeline,
                    event_role=self._starting_role(pipeline),
                    dead_letter_queue=dead_letters,
                )
            ],
        )

    def _pattern(self, source: Source) -> events.EventPattern:
        return events.EventPattern(
            source=["aws.codecommit"],
            detail_type=["CodeCommit Repository State Change"],
            resources=[self._site.arn("codecommit", source.repository)],
            detail={
                "event": ["referenceCreated", "referenceUpdated"],
                "referenceType": ["branch"],
                "referenceName": [source.branch],
            },
        )

    def _starting_role(self, pipeline: codepipeline.IPipeline) -> iam.IRole:
        start = Permission(
            sid="StartThePipeline",
            actions=["codepipeline:StartPipelineExecution"],
            resources=[pipeline.pipeline_arn],
        )
        role = service_role(
            self, "Role", service="events.amazonaws.com", site=self._site, permissions=[start]
        )
        return role.without_policy_updates()
