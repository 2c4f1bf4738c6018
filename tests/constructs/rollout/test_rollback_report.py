"""Whatever happens to the endpoint wakes the function, and nothing of another endpoint does."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.rollout.rollback_report import RollbackReport

# The Developer Guide's examples, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
STATE_CHANGE = {
    "version": "0",
    "id": "d2921b5a-b0ad-cace-a8e3-0f159d018e06",
    "detail-type": "SageMaker Endpoint State Change",
    "source": "aws.sagemaker",
    "account": "111122223333",
    "time": "1583831889050",
    "region": "us-west-2",
    "resources": ["arn:aws:sagemaker:us-west-2:111122223333:endpoint/myendpoint"],
    "detail": {
        "EndpointName": "MyEndpoint",
        "EndpointArn": "arn:aws:sagemaker:us-west-2:111122223333:endpoint/myendpoint",
        "EndpointConfigName": "MyEndpointConfig",
        "ProductionVariants": [{"DesiredWeight": 1.0, "DesiredInstanceCount": 1.0}],
        "EndpointStatus": "IN_SERVICE",
        "CreationTime": 1592411992203.0,
        "LastModifiedTime": 1592411994287.0,
        "Tags": {},
    },
}
DEPLOYMENT_CHANGE = {
    "version": "0",
    "id": "0bd4a141-0a02-9d8a-f977-3924c3fb259c",
    "detail-type": "SageMaker Endpoint Deployment State Change",
    "source": "aws.sagemaker",
    "account": "111122223333",
    "time": "2021-10-25T01:52:12Z",
    "region": "us-west-2",
    "resources": ["arn:aws:sagemaker:us-west-2:111122223333:endpoint/sample-endpoint"],
    "detail": {
        "EndpointName": "sample-endpoint",
        "EndpointArn": "arn:aws:sagemaker:us-west-2:111122223333:endpoint/sample-endpoint",
        "EndpointConfigName": "sample-endpoint-config-1",
        "EndpointStatus": "UPDATING",
        "PendingDeploymentSummary": {"EndpointConfigName": "sample-endpoint-config-2"},
    },
}
UNDELIVERED = "arn:aws:sqs:eu-west-1:400000000000:acme-prod-undelivered"


@pytest.fixture(scope="module")
def report_of(
    render: Callable[..., Any],
    key_in: Callable[..., Any],
    release_of: Callable[..., Release],
    handlers: Path,
) -> Callable[..., Any]:
    def built(**changes: Any) -> Any:
        release = release_of(**changes)
        return render(
            lambda stack: RollbackReport(
                stack, "Report", release=release, archive=handlers, key=key_in(stack)
            )
        )

    return built


@pytest.fixture(scope="module")
def report(report_of: Callable[..., Any]) -> Any:
    return report_of()


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """EventBridge's matching of literal values: one of the pattern's for each of its keys."""
    return all(
        key in event
        and (matches(wanted, event[key]) if isinstance(wanted, dict) else event[key] in wanted)
        for key, wanted in pattern.items()
    )


def of_endpoint(event: dict[str, Any], name: str, **detail: Any) -> dict[str, Any]:
    changed = copy.deepcopy(event)
    changed["detail"] |= {"EndpointName": name, **detail}
    return changed


@pytest.mark.parametrize("event", [STATE_CHANGE, DEPLOYMENT_CHANGE], ids=["state", "deployment"])
@pytest.mark.parametrize(
    "status", ["IN_SERVICE", "UPDATING", "ROLLING_BACK", "FAILED", "UPDATE_ROLLBACK_FAILED"]
)
def test_every_change_of_this_endpoint_wakes_it(
    report: Any, event: dict[str, Any], status: str
) -> None:
    pattern = report.only("AWS::Events::Rule")["EventPattern"]

    assert matches(pattern, of_endpoint(event, "acme-prod-churn", EndpointStatus=status))


@pytest.mark.parametrize("event", [STATE_CHANGE, DEPLOYMENT_CHANGE], ids=["state", "deployment"])
@pytest.mark.parametrize("name", ["acme-prod-churn-2", "acme-test-churn", "sample-endpoint"])
def test_a_change_of_another_endpoint_does_not(
    report: Any, event: dict[str, Any], name: str
) -> None:
    pattern = report.only("AWS::Events::Rule")["EventPattern"]

    assert not matches(pattern, of_endpoint(event, name))


def test_an_event_that_only_looks_like_sagemakers_does_not(report: Any) -> None:
    pattern = report.only("AWS::Events::Rule")["EventPattern"]
    event = of_endpoint(STATE_CHANGE, "acme-prod-churn")

    assert not matches(pattern, event | {"source": "mlops.releases"})
    assert not matches(pattern, event | {"detail-type": "SageMaker Endpoint Config State Change"})


def test_what_cannot_be_delivered_or_fails_for_good_is_kept(report: Any) -> None:
    (target,) = report.only("AWS::Events::Rule")["Targets"]
    function = report.only("AWS::Lambda::Function")

    assert target["DeadLetterConfig"] == {"Arn": UNDELIVERED}
    assert function["DeadLetterConfig"] == {"TargetArn": UNDELIVERED}
    (statements,) = report.roles().values()
    assert statements["KeepWhatFailed"]["Resource"] == UNDELIVERED


def test_the_rule_alone_may_call_the_function(report: Any) -> None:
    permission = report.only("AWS::Lambda::Permission")

    (rule,) = [i for i, r in report.resources.items() if r["Type"] == "AWS::Events::Rule"]
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == {"Fn::GetAtt": [rule, "Arn"]}


def test_its_environment_says_what_a_deployment_is_judged_by(report: Any) -> None:
    variables = report.only("AWS::Lambda::Function")["Environment"]["Variables"]

    assert {key: variables[key] for key in variables if key not in ("STAGE", "MODEL")} == {
        "ENDPOINT_NAME": "acme-prod-churn",
        "RELEASE_RECORD": "/acme/prod/churn/release-record",
        "ALERT_TOPIC": "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts",
        "ALARM_PREFIX": "acme-prod-churn-rollback-",
        "ALARM_KEYS": "server-errors,model-errors,latency,client-errors,wrong-answers",
        "MINIMUM_INVOCATIONS": "100",
        "SHARE_PERCENT": "10",
        "BAKE_MINUTES": "10",
        "DEPLOYMENT_MINUTES": "60",
    }


def test_alarms_by_prefix_key_and_release_are_those_of_the_template(
    report: Any, release_of: Callable[..., Release]
) -> None:
    release = release_of()
    variables = report.only("AWS::Lambda::Function")["Environment"]["Variables"]

    assert [
        f"{variables['ALARM_PREFIX']}{key}-{release.hash}"
        for key in variables["ALARM_KEYS"].split(",")
    ] == [release.alarm_name(signal) for signal in release.signals]


def test_the_function_has_time_for_all_of_its_waits(report: Any) -> None:
    from mlops_handlers.rollout import attempts, rollback_report

    waits = (
        rollback_report.SECOND_LOOK_SECONDS
        + rollback_report._APART_SECONDS
        + attempts.PATIENCE_SECONDS
    )
    assert report.only("AWS::Lambda::Function")["Timeout"] >= waits + 60


def test_it_changes_nothing_that_serves(report_of: Callable[..., Any]) -> None:
    (statements,) = report_of(followed=True).roles().values()

    writing = {
        sid
        for sid, statement in statements.items()
        for action in [statement["Action"]]
        for one in (action if isinstance(action, list) else [action])
        if not one.partition(":")[2].startswith(("Describe", "Get", "List"))
    }
    assert writing == {
        "KeepTheRecord",
        "KeepWhatFailed",
        "TellPeople",
        "TellPeopleEncrypted",
        "WakeTheDelivery",
        "WriteTheLog",
    }
