"""Something that the clock starts: a function that is called, or a pipeline that is executed."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site

_Schedule = scheduler.CfnSchedule


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a start is tried that could not be delivered at once."""

    seconds: int
    attempts: int


NONE: Final = Patience(seconds=60, attempts=0)
"""A run that was missed is not made up for: the next one comes soon and does the same."""
AN_HOUR: Final = Patience(seconds=3600, attempts=5)
"""A start that comes an hour late is still wanted; one that comes a day late is not."""
A_MORNING: Final = Patience(seconds=6 * 3600, attempts=20)
"""What the start is about stays the same all day."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What is started, and the one action that does it."""

    arn: str
    permission: Permission
    description: str | None = None
    input: str | None = None


def called(
    function: lambda_.IFunction, *, description: str | None = None, given: str | None = None
) -> Start:
    """A call of a function, with JSON that it is given."""
    arn = function.function_arn
    permission = Permission(
        sid="CallTheFunction", actions=["lambda:InvokeFunction"], resources=[arn]
    )
    return Start(arn=arn, permission=permission, description=description, input=given)


def executed(pipeline_arn: str, *, description: str) -> Start:
    """An execution of a SageMaker pipeline with its parameters' defaults."""
    permission = Permission(
        sid="StartThePipeline",
        actions=["sagemaker:StartPipelineExecution"],
        resources=[pipeline_arn],
    )
    return Start(arn=pipeline_arn, permission=permission, description=description)


class Clock(Construct):
    """An EventBridge schedule in UTC whose role may do this one thing; what fails is kept."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        start: Start,
        expression: str,
        patience: Patience = NONE,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        _Schedule(
            self,
            "Schedule",
            description=start.description,
            schedule_expression=expression,
            flexible_time_window=_Schedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=_Schedule.TargetProperty(
                arn=start.arn,
                input=start.input,
                role_arn=self._role(start).role_arn,
                dead_letter_config=_Schedule.DeadLetterConfigProperty(
                    arn=site.dead_letter_queue_arn
                ),
                retry_policy=_Schedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=patience.seconds,
                    maximum_retry_attempts=patience.attempts,
                ),
            ),
        )

    def _role(self, start: Start) -> iam.Role:
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
            permissions=[start.permission, keep],
        )
