"""Starts a batch run: by the clock, or when a file was uploaded."""

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlops.contract import BatchSpec
from mlops_constructs.permission import Permission
from mlops_constructs.release import Release
from mlops_constructs.service_role import service_role

_Schedule = scheduler.CfnSchedule
_HOUR_SECONDS = 3600


class BatchStart(Construct):
    """A schedule, a rule over new files, or both; their roles may start this one pipeline.

    A start that is lost costs time and no file: the next run takes whatever waits.
    """

    def __init__(self, scope: Construct, id_: str, *, release: Release, batch: BatchSpec) -> None:
        super().__init__(scope, id_)
        self._release = release
        names, site = release.site.names, release.site
        self._pipeline_arn = names.batch_pipeline_arn(site.stage, release.model.name)
        self._dead_letters = site.dead_letter_queue_arn
        if batch.schedule is not None:
            self._schedule(batch.schedule)
        if batch.on_new_input:
            self._rule()

    def _schedule(self, expression: str) -> None:
        _Schedule(
            self,
            "Schedule",
            description=f"Scores the files that wait for {self._release.model.name}",
            schedule_expression=expression,
            flexible_time_window=_Schedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=_Schedule.TargetProperty(
                arn=self._pipeline_arn,
                role_arn=self._role("ScheduleRole", "scheduler.amazonaws.com").role_arn,
                dead_letter_config=_Schedule.DeadLetterConfigProperty(arn=self._dead_letters),
                retry_policy=_Schedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=6 * _HOUR_SECONDS, maximum_retry_attempts=20
                ),
            ),
        )

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
                    arn=self._pipeline_arn,
                    role_arn=self._role("EventRole", "events.amazonaws.com").role_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self._dead_letters
                    ),
                )
            ],
        )

    def _role(self, id_: str, service: str) -> iam.Role:
        start = Permission(
            sid="StartTheBatch",
            actions=["sagemaker:StartPipelineExecution"],
            resources=[self._pipeline_arn],
        )
        # The queue's own policy lets EventBridge's rules in; Scheduler writes as the role.
        keep = Permission(
            sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[self._dead_letters]
        )
        scheduled = service.startswith("scheduler")
        return service_role(
            self,
            id_,
            service=service,
            site=self._release.site,
            permissions=[start, keep] if scheduled else [start],
        )
