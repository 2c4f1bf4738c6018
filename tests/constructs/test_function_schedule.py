"""A clock that may call one function, and tells when it could not."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.function_schedule import FunctionSchedule
from mlops_constructs.site import Site

FUNCTION = "arn:aws:lambda:eu-west-1:200000000000:function:janitor"


@pytest.fixture(scope="module")
def schedule(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    from aws_cdk import aws_lambda as lambda_

    def build(stack: Any) -> None:
        function = lambda_.Function.from_function_arn(stack, "Function", FUNCTION)
        FunctionSchedule(
            stack, "Clock", site=site_of("dev"), function=function, expression="rate(1 day)"
        )

    return render(build)


def test_the_role_may_call_this_function_and_keep_what_was_undelivered(schedule: Any) -> None:
    (statements,) = schedule.roles().values()

    assert {sid: s["Resource"] for sid, s in statements.items()} == {
        "CallTheFunction": FUNCTION,
        "KeepUndelivered": "arn:aws:sqs:eu-west-1:200000000000:acme-dev-undelivered",
    }


def test_a_missed_run_is_not_made_up_for(schedule: Any) -> None:
    target = schedule.only("AWS::Scheduler::Schedule")["Target"]

    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")


def test_a_rare_run_is_tried_again_for_as_long_as_is_said(
    render: Callable[..., Any], site_of: Callable[..., Site]
) -> None:
    from aws_cdk import aws_lambda as lambda_

    def build(stack: Any) -> None:
        function = lambda_.Function.from_function_arn(stack, "Function", FUNCTION)
        FunctionSchedule(
            stack, "Clock", site=site_of("dev"), function=function, expression="rate(7 days)",
            patience_hours=2,
        )  # fmt: skip

    target = render(build).only("AWS::Scheduler::Schedule")["Target"]

    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 7200, "MaximumRetryAttempts": 20}
