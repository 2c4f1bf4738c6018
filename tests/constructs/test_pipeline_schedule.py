"""The clock asks one function for a training."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from mlops_constructs.handlers.retraining import Trigger
from mlops_constructs.handlers.retraining_events import wake_of
from mlops_constructs.pipeline_schedule import PipelineSchedule
from mlops_constructs.site import Site

FUNCTION = "arn:aws:lambda:eu-west-1:200000000000:function:starter"


@pytest.fixture(scope="module")
def schedule(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    def build(stack: Stack) -> None:
        PipelineSchedule(
            stack,
            "Schedule",
            site=site_of("dev"),
            function=lambda_.Function.from_function_arn(stack, "Function", FUNCTION),
            model="churn",
            expression="cron(0 3 ? * MON *)",
        )

    return render(build)


def test_a_training_is_asked_for_on_the_minute(schedule: Any) -> None:
    properties = schedule.only("AWS::Scheduler::Schedule")

    assert properties["ScheduleExpression"] == "cron(0 3 ? * MON *)"
    assert properties["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert properties["Target"]["Arn"] == FUNCTION


def test_the_function_understands_what_the_schedule_hands_over(schedule: Any) -> None:
    wake = wake_of(json.loads(schedule.only("AWS::Scheduler::Schedule")["Target"]["Input"]))

    assert wake is not None
    assert wake.trigger is Trigger.SCHEDULE


def test_a_call_that_failed_lands_with_the_dead_letters(schedule: Any) -> None:
    target = schedule.only("AWS::Scheduler::Schedule")["Target"]

    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600


def test_the_role_calls_exactly_that_function(schedule: Any) -> None:
    (statements,) = schedule.roles().values()

    assert statements["CallTheFunction"]["Resource"] == FUNCTION
    assert sorted(statements) == ["CallTheFunction", "KeepUndelivered"]
