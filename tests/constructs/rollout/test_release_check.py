"""The check compares the endpoint with literals, and changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.rollout.release_check import ReleaseCheck


@pytest.fixture(scope="module")
def check_of(
    render: Callable[..., Any],
    key_in: Callable[..., Any],
    release_of: Callable[..., Release],
    handlers: Path,
) -> Callable[..., Any]:
    def built(**changes: Any) -> Any:
        release = release_of(**changes)
        return render(
            lambda stack: ReleaseCheck(
                stack, "Check", release=release, archive=handlers, key=key_in(stack)
            )
        )

    return built


@pytest.fixture(scope="module")
def check(check_of: Callable[..., Any]) -> Any:
    return check_of()


def test_what_is_expected_is_written_out(check: Any, release_of: Callable[..., Release]) -> None:
    release = release_of()

    expected = check.only("Custom::ReleaseCheck")
    del expected["ServiceToken"]
    assert expected == {
        "ServiceTimeout": "720",
        "EndpointName": "acme-prod-churn",
        "Release": release.hash,
        "ModelPackage": "200000000000:model-package/acme-churn/3",
        "Content": "unrecorded",
        "Image": "unrecorded",
        "AlarmNames": [release.alarm_name(signal) for signal in release.signals],
        "MinimumInvocations": 100,
        "SharePercent": 10,
        "BakeMinutes": 10,
        "DeploymentMinutes": 60,
    }


def test_without_a_canary_the_final_bake_is_what_is_looked_at(
    check_of: Callable[..., Any],
) -> None:
    expected = check_of(canary={"strategy": "all-at-once", "final_bake_minutes": 7}).only(
        "Custom::ReleaseCheck"
    )

    assert (expected["SharePercent"], expected["BakeMinutes"]) == (100, 7)


def test_the_function_can_change_nothing_that_serves(check: Any) -> None:
    (statements,) = check.roles().values()

    recording = {"KeepTheRecord", "TellPeople", "TellPeopleEncrypted"}
    verbs = {
        action.partition(":")[2]
        for sid, statement in statements.items()
        if sid not in {"WriteTheLog", *recording}
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }
    assert verbs == {
        "DescribeAlarmHistory",
        "DescribeAlarms",
        "DescribeEndpoint",
        "DescribeEndpointConfig",
        "DescribeModel",
        "DescribeStacks",
        "GetMetricData",
        "InvokeEndpoint",
        "ListEndpointConfigs",
        "ListTags",
    }
    assert recording <= set(statements)


def test_the_function_knows_where_to_record_and_whom_to_tell(check: Any) -> None:
    variables = check.only("AWS::Lambda::Function")["Environment"]["Variables"]

    assert variables["RELEASE_RECORD"] == "/acme/prod/churn/release-record"
    assert variables["ALERT_TOPIC"] == "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"
    assert variables["CONTRACT"] == "contract.json"


def test_cloudformation_gives_up_soon_after_the_function(check: Any) -> None:
    assert check.only("AWS::Lambda::Function")["Timeout"] == 600
