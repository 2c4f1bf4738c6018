"""Runs a function by the clock."""

from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

_Schedule = scheduler.CfnSchedule
_RETRIES: Final = 20


class FunctionSchedule(Construct):
    """An EventBridge schedule whose role may call this one function.

    A run that was missed is not made up for, where the next one comes soon and does the same;
    `patience_hours` says for how long a rarer one is tried again.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        function: lambda_.IFunction,
        expression: str,
        patience_hours: int = 0,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._function_arn = function.function_arn
        _Schedule(
            self,
            "Schedule",
            schedule_expression=expression,
            flexible_time_window=_Schedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=_Schedule.TargetProperty(
                arn=self._function_arn,
                role_arn=self._role().role_arn,
                dead_letter_config=_Schedule.DeadLetterConfigProperty(
                    arn=site.dead_letter_queue_arn
                ),
                retry_policy=_retries(patience_hours),
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


def _retries(hours: int) -> scheduler.CfnSchedule.RetryPolicyProperty:
    if not hours:
        return _Schedule.RetryPolicyProperty(
            maximum_event_age_in_seconds=60, maximum_retry_attempts=0
        )
    return _Schedule.RetryPolicyProperty(
        maximum_event_age_in_seconds=hours * 3600, maximum_retry_attempts=_RETRIES
    )
