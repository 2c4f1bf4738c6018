"""Starts a training pipeline by the clock."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site


class PipelineSchedule(Construct):
    """An EventBridge schedule in UTC whose role may start this one pipeline."""

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, model: str, expression: str
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._pipeline_arn = site.names.pipeline_arn(model)
        self.schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description=f"Trains {model}",
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=self._target(),
        )

    def _target(self) -> scheduler.CfnSchedule.TargetProperty:
        return scheduler.CfnSchedule.TargetProperty(
            arn=self._pipeline_arn,
            role_arn=self._role().role_arn,
            dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                arn=self._site.dead_letter_queue_arn
            ),
            # A start that comes an hour late is still wanted; one that comes a day late is not.
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_event_age_in_seconds=3600, maximum_retry_attempts=5
            ),
        )

    def _role(self) -> iam.Role:
        return service_role(
            self,
            "Role",
            service="scheduler.amazonaws.com",
            site=self._site,
            permissions=[
                Permission(
                    sid="StartThePipeline",
                    actions=["sagemaker:StartPipelineExecution"],
                    resources=[self._pipeline_arn],
                ),
                Permission(
                    sid="KeepUndelivered",
                    actions=["sqs:SendMessage"],
                    resources=[self._site.dead_letter_queue_arn],
                ),
            ],
        )
