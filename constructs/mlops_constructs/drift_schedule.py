"""Starts the drift job by the clock."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.release import Release
from mlops_constructs.service_role import service_role

_Schedule = scheduler.CfnSchedule


class DriftSchedule(Construct):
    """An EventBridge schedule in UTC whose role may start this one pipeline."""

    def __init__(self, scope: Construct, id_: str, *, release: Release) -> None:
        super().__init__(scope, id_)
        self._site = release.site
        stage, model = release.site.stage, release.model
        self._pipeline_arn = release.site.names.drift_pipeline_arn(stage, model.name)
        _Schedule(
            self,
            "Schedule",
            description=f"Looks for drift in the traffic of {release.endpoint_name}",
            schedule_expression=model.monitoring.schedule,
            flexible_time_window=_Schedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=_Schedule.TargetProperty(
                arn=self._pipeline_arn,
                role_arn=self._role().role_arn,
                dead_letter_config=_Schedule.DeadLetterConfigProperty(
                    arn=self._site.dead_letter_queue_arn
                ),
                # The window is the same all day; what is not delivered then is a missing run.
                retry_policy=_Schedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=6 * 3600, maximum_retry_attempts=20
                ),
            ),
        )

    def _role(self) -> iam.Role:
        start = Permission(
            sid="StartTheJob",
            actions=["sagemaker:StartPipelineExecution"],
            resources=[self._pipeline_arn],
        )
        keep = Permission(
            sid="KeepUndelivered",
            actions=["sqs:SendMessage"],
            resources=[self._site.dead_letter_queue_arn],
        )
        return service_role(
            self,
            "Role",
            service="scheduler.amazonaws.com",
            site=self._site,
            permissions=[start, keep],
        )
