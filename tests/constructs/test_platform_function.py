"""Each function runs under a role of its own and writes one encrypted log."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.site import Site

TASK = Task(
    name="sweep",
    description="Sweeps",
    module="rollout.janitor",
    permissions=[Permission(sid="Look", actions=["s3:GetObject"], resources=["arn:one"])],
    minutes=5,
    environment={"A": "b"},
)
QUEUE = "arn:aws:sqs:eu-west-1:400000000000:acme-prod-undelivered"


@pytest.fixture(scope="module")
def function_of(
    render: Callable[..., Any],
    key_in: Callable[..., Any],
    site_of: Callable[..., Site],
    handlers: Path,
) -> Callable[[Task], Any]:
    return lambda task: render(
        lambda stack: PlatformFunction(
            stack,
            "Sweep",
            site=site_of("prod"),
            model="churn",
            task=task,
            archive=handlers,
            key=key_in(stack),
        )
    )


@pytest.fixture(scope="module")
def function(function_of: Callable[[Task], Any]) -> Any:
    return function_of(TASK)


def test_the_function_is_what_its_task_says(function: Any) -> None:
    properties = function.only("AWS::Lambda::Function")

    assert properties["Handler"] == "mlops_handlers.rollout.janitor.handler"
    assert properties["Timeout"] == 300
    assert properties["Environment"] == {"Variables": {"A": "b"}}
    assert "VpcConfig" not in properties
    assert "DeadLetterConfig" not in properties


def test_an_event_at_which_the_function_failed_for_good_is_kept_where_the_task_says(
    function_of: Callable[[Task], Any],
) -> None:
    function = function_of(replace(TASK, dead_letter_queue_arn=QUEUE))

    (statements,) = function.roles().values()
    assert function.only("AWS::Lambda::Function")["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert statements["KeepWhatFailed"]["Resource"] == QUEUE
    assert function.all("AWS::IAM::Policy") == []


def test_the_role_has_the_tasks_permissions_and_its_own_log(function: Any) -> None:
    (statements,) = function.roles().values()

    assert sorted(statements) == ["Look", "WriteTheLog"]
    assert function.all("AWS::IAM::Policy") == []
    assert "ManagedPolicyArns" not in function.only("AWS::IAM::Role")


def test_the_log_is_encrypted_and_named_after_stage_model_and_task(function: Any) -> None:
    log = function.only("AWS::Logs::LogGroup")

    assert log["LogGroupName"] == "/acme/prod/churn/sweep"
    assert "KmsKeyId" in log
