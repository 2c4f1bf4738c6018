"""A clock does one thing by a role that may do nothing else, and keeps what it could not do."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from mlops_constructs.clock import A_MORNING, AN_HOUR, NONE, Clock, Patience, called, executed
from mlops_constructs.site import Site

FUNCTION = "arn:aws:lambda:eu-west-1:200000000000:function:janitor"
PIPELINE = "arn:aws:sagemaker:eu-west-1:200000000000:pipeline/acme-dev-churn-drift"
UNDELIVERED = "arn:aws:sqs:eu-west-1:200000000000:acme-dev-undelivered"


@pytest.fixture(scope="module")
def caller(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    def build(stack: Stack) -> None:
        function = lambda_.Function.from_function_arn(stack, "Function", FUNCTION)
        start = called(function, description="Cleans", given='{"a": 1}')
        Clock(stack, "Clock", site=site_of("dev"), start=start, expression="rate(1 day)")

    return render(build)


@pytest.fixture(scope="module")
def starter(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    start = executed(PIPELINE, description="Looks for drift")
    return render(
        lambda stack: Clock(
            stack,
            "Clock",
            site=site_of("dev"),
            start=start,
            expression="cron(0 6 ? * * *)",
            patience=A_MORNING,
        )
    )


def test_the_role_may_call_this_function_and_keep_what_was_undelivered(caller: Any) -> None:
    (statements,) = caller.roles().values()

    assert {sid: s["Resource"] for sid, s in statements.items()} == {
        "CallTheFunction": FUNCTION,
        "KeepUndelivered": UNDELIVERED,
    }


def test_a_function_is_called_on_the_minute_with_what_it_is_given(caller: Any) -> None:
    properties = caller.only("AWS::Scheduler::Schedule")

    assert properties["ScheduleExpression"] == "rate(1 day)"
    assert properties["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert (properties["Target"]["Arn"], properties["Target"]["Input"]) == (FUNCTION, '{"a": 1}')


def test_a_missed_run_is_not_made_up_for_unless_somebody_says_so(caller: Any) -> None:
    target = caller.only("AWS::Scheduler::Schedule")["Target"]

    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    assert target["DeadLetterConfig"]["Arn"] == UNDELIVERED


def test_the_role_starts_exactly_that_pipeline(starter: Any) -> None:
    (statements,) = starter.roles().values()

    assert {sid: s["Resource"] for sid, s in statements.items()} == {
        "StartThePipeline": PIPELINE,
        "KeepUndelivered": UNDELIVERED,
    }


def test_a_pipeline_that_did_not_start_at_once_is_started_later(starter: Any) -> None:
    properties = starter.only("AWS::Scheduler::Schedule")

    assert properties["ScheduleExpression"] == "cron(0 6 ? * * *)"
    assert properties["Target"]["Arn"] == PIPELINE
    assert properties["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 6 * 3600
    assert properties["Target"]["DeadLetterConfig"]["Arn"] == UNDELIVERED


@pytest.mark.parametrize("patience", [NONE, AN_HOUR, A_MORNING])
def test_patience_is_within_what_the_scheduler_takes(patience: Patience) -> None:
    """API reference of EventBridge Scheduler, RetryPolicy."""
    assert 60 <= patience.seconds <= 86_400
    assert 0 <= patience.attempts <= 185
