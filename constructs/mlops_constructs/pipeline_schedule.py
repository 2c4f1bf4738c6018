"""Asks by the clock for a training."""

import json

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlops_constructs.handlers.retraining_events import SCHEDULED
from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site


class PipelineSchedule(Construct):
    """An EventBridge schedule in UTC that calls the function which starts the pipeline.

    The function looks whether an execution is under way, and finds the newest data; a schedule that
    started the pipeline itself could do neither.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        function: lambda_.IFunction,
        model: str,
        expression: str,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._function_arn = function.function_arn
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
            arn=self._function_arn,
            input=json.dumps(SCHEDULED),
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
        call = Permission(
            sid="CallTheFunction",
            actions=["lambda:InvokeFunction"],
            resources=[self._function_arn],
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
            permissions=[call, keep],
        )
