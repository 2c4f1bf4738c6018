"""Starts a batch run: by the clock, or when a file was uploaded."""

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops.contract import BatchSpec
from mlops_constructs.clock import A_MORNING, Clock, executed
from mlops_constructs.release import Release
from mlops_constructs.service_role import service_role


class BatchStart(Construct):
    """A schedule, a rule over new files, or both; their roles may start this one pipeline.

    A start that is lost costs time and no file: the next run takes whatever waits.
    """

    def __init__(self, scope: Construct, id_: str, *, release: Release, batch: BatchSpec) -> None:
        super().__init__(scope, id_)
        self._release = release
        names, site = release.site.names, release.site
        self._start = executed(
            names.batch_pipeline_arn(site.stage, release.model.name),
            description=f"Scores the files that wait for {release.model.name}",
        )
        if batch.schedule is not None:
            Clock(
                self,
                "Schedule",
                site=site,
                start=self._start,
                expression=batch.schedule,
                patience=A_MORNING,
            )
        if batch.on_new_input:
            self._rule()

    def _rule(self) -> None:
        names, stage, model = (
            self._release.site.names,
            self._release.site.stage,
            self._release.model,
        )
        events.CfnRule(
            self,
            "NewInput",
            description=f"A file was uploaded for a batch of {model.name}",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [names.artifact_bucket(stage)]},
                    "object": {"key": [{"prefix": f"{names.batch_prefix(model.name)}/input/"}]},
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Pipeline",
                    arn=self._start.arn,
                    role_arn=self._role().role_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self._release.site.dead_letter_queue_arn
                    ),
                )
            ],
        )

    def _role(self) -> iam.Role:
        return service_role(
            self,
            "EventRole",
            service="events.amazonaws.com",
            site=self._release.site,
            permissions=[self._start.permission],
        )
