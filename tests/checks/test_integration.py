"""An application may call and nothing else; what it sent arrives, late or not at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.response import StreamingBody

from mlops.checks.capture import PATIENCE_SECONDS
from mlops.checks.clients import Clients
from mlops.checks.integration import integration
from mlops.checks.plan import Capture, PlannedRelease
from mlops.checks.result import Result, Status

CALLER = "AKIACALLER0000000000"
KEY = "churn/acme-prod-churn/AllTraffic/{:%Y/%m/%d/%H}/x.jsonl"
Asked = Callable[..., list[Result]]


class Captures:
    """The bucket: the request arrives after so many looks, if ever."""

    def __init__(self, aws: Any, endpoint: Any, body: Callable[[bytes], StreamingBody]) -> None:
        self.endpoint, self.body = endpoint, body
        self.after = 1
        self.looks = 0
        self.age = timedelta()
        aws.offer(self.get_object)
        aws.operations["ListObjectsV2"] = self.list_objects_v2

    def list_objects_v2(self, *, Bucket: str, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # the API's names
        now = datetime.now(UTC)
        if not KEY.format(now).startswith(Prefix):
            return {}
        self.looks += 1
        if self.looks < self.after:
            return {}
        return {"Contents": [{"Key": KEY.format(now), "LastModified": now - self.age}]}

    def get_object(self, **_: Any) -> dict[str, Any]:
        (_, _, headers, _) = self.endpoint.requests[-1]
        inference_id = headers["X-Amzn-SageMaker-Inference-Id"]
        return {"Body": self.body(f'{{"a": 1}}\n{{"inferenceId": "{inference_id}"}}\n'.encode())}


@pytest.fixture
def captures(aws: Any, endpoint: Any, body: Callable[[bytes], StreamingBody]) -> Captures:
    return Captures(aws, endpoint, body)


@pytest.fixture
def asked(
    aws: Any, clients: Clients, release: PlannedRelease, captures: Captures, clock: Any
) -> Asked:
    """Runs the integration check of a stage in which everything is as it should be."""

    def get_parameter(*, Name: str) -> dict[str, Any]:  # noqa: N803  # the API's name
        return {"Parameter": {"Name": Name, "Value": "acme-prod-churn"}}

    aws.offer(get_parameter, who=CALLER)
    for operation in ("DescribeEndpoint", "UpdateEndpoint"):
        aws.refuse(operation, "AccessDeniedException", who=CALLER)

    def run(**changes: Any) -> list[Result]:
        return list(integration(replace(release, **changes), clients, region="eu-west-1"))

    return run


def stopping(results: list[Result]) -> dict[str, str]:
    return {r.question.name: r.finding.detail for r in results if r.finding.status.stops}


def test_an_application_finds_calls_and_is_captured_and_may_nothing_else(
    asked: Asked, aws: Any
) -> None:
    results = asked()

    assert stopping(results) == {}
    assert [r.finding.status for r in results] == [Status.PASSED] * 5
    assert aws.asked("AssumeRole")[0]["RoleArn"].endswith("role/acme-prod-churn-caller")


def test_an_update_that_is_let_in_would_change_nothing(asked: Asked, aws: Any) -> None:
    asked()

    (request,) = aws.asked("UpdateEndpoint")
    assert request["EndpointConfigName"] == "mlops-probe-no-such-config"


@pytest.mark.parametrize("operation", ["describe", "update"])
def test_a_caller_that_may_do_more_is_found(asked: Asked, aws: Any, operation: str) -> None:
    name = f"{operation.capitalize()}Endpoint"
    aws.refuse(name, "ValidationException", "Could not find", who=CALLER)

    assert list(stopping(asked())) == [f"it may not {operation}"]


def test_a_refusal_that_decides_nothing_is_no_pass(asked: Asked, aws: Any) -> None:
    aws.refuse("UpdateEndpoint", "ThrottlingException", who=CALLER)

    assert stopping(asked()) == {
        "it may not update": "invalid: update_endpoint was not decided: ThrottlingException"
    }


def test_a_parameter_that_leads_elsewhere_is_found(asked: Asked, aws: Any) -> None:
    def get_parameter(*, Name: str) -> dict[str, Any]:  # noqa: N803  # the API's name
        return {"Parameter": {"Name": Name, "Value": "another"}}

    aws.offer(get_parameter, who=CALLER)

    assert "says another instead of acme-prod-churn" in str(stopping(asked()))


def test_a_role_that_cannot_be_taken_fails_every_question_of_the_caller(
    asked: Asked, aws: Any
) -> None:
    aws.refuse("AssumeRole", "AccessDenied")

    results = asked()

    assert len(stopping(results)) == 4
    assert results[-1].finding.detail.startswith("skipped: the request that should be captured")


def test_a_request_may_arrive_minutes_later(asked: Asked, captures: Captures, clock: Any) -> None:
    captures.after = 20

    assert stopping(asked()) == {}
    assert 0 < clock.now < PATIENCE_SECONDS


def test_a_request_that_never_arrives_fails_in_bounded_time(
    asked: Asked, captures: Captures, clock: Any
) -> None:
    captures.after = 10_000

    assert "did not arrive in s3://acme-captures" in stopping(asked())["the request is captured"]
    assert clock.now < 2 * PATIENCE_SECONDS


def test_objects_from_before_the_request_are_not_read(
    asked: Asked, captures: Captures, aws: Any
) -> None:
    captures.age = timedelta(minutes=5)

    asked()

    assert aws.asked("GetObject") == []


def test_below_a_hundred_per_cent_a_request_may_not_have_been_drawn(
    asked: Asked, captures: Captures
) -> None:
    captures.after = 10_000

    results = asked(capture=Capture(bucket="acme-captures", prefix="churn", sampling_percent=20))

    assert stopping(results) == {}
    assert "20 % of the requests are captured" in results[-1].finding.detail


def test_where_nothing_is_captured_nothing_is_waited_for(asked: Asked, clock: Any) -> None:
    results = asked(capture=None)

    assert results[-1].finding.detail == "skipped: the contract captures nothing"
    assert clock.now == 0
