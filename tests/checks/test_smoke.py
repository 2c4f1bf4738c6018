"""Faults of an answer and of a config are found over HTTP, each by the question that it breaks."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from mlops.checks.clients import Clients
from mlops.checks.plan import PlannedRelease
from mlops.checks.result import Result
from mlops.checks.smoke import smoke

PACKAGES = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn"
RELEASED, PLANNED = f"{PACKAGES}/2", f"{PACKAGES}/3"
Asked = Callable[[], list[Result]]


@pytest.fixture
def asked(endpoint: Any, described: Any, clients: Clients, release: PlannedRelease) -> Asked:
    """Runs the smoke check."""
    return lambda: list(smoke(release, clients))


def stopping(results: Iterable[Result]) -> dict[str, str]:
    return {r.question.name: r.finding.detail for r in results if r.finding.status.stops}


def test_an_endpoint_as_planned_passes_every_question(
    endpoint: Any, described: Any, asked: Asked
) -> None:
    results = asked()

    assert stopping(results) == {}
    assert [r.question.name for r in results] == [
        "example one",
        "example text",
        "in service",
        "release",
        "content",
        "machines",
        "guardrails",
        "capture",
        "encryption",
    ]


def test_a_request_travels_as_an_applications_would_and_names_itself_a_probe(
    endpoint: Any, described: Any, asked: Asked
) -> None:
    asked()

    (_, path, headers, body), (_, _, text_headers, text) = endpoint.requests
    assert path == "/endpoints/acme-prod-churn/invocations"
    assert json.loads(body) == {"age": 40}
    assert headers["X-Amzn-SageMaker-Inference-Id"].startswith("mlops-probe-")
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256")
    assert (text_headers["Content-Type"], text) == ("text/csv", b"age\n40\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"probability": 0.9}', "answer.probability: 0.9 instead of 0.5"),
        (b'{"chance": 0.5}', "the answer lacks probability"),
        (b"[]", "the answer lacks probability"),
        (b"<html>", "the answer lacks probability: '<html>'"),
        (b'{"probability": NaN}', "nan instead of 0.5"),
        (b'{"probability": 0.5, "extra": 1}', "answer.extra: unexpected"),
    ],
)
def test_a_wrong_answer_fails_its_example(
    endpoint: Any, asked: Asked, answer: bytes, said: str
) -> None:
    endpoint.answer = answer

    assert said in stopping(asked())["example one"]


@pytest.mark.parametrize("status", [424, 500, 503])
def test_an_error_fails_the_example_and_is_not_tried_again(
    endpoint: Any, asked: Asked, status: int
) -> None:
    endpoint.status = status

    found = stopping(asked())

    assert list(found) == ["example one", "example text"]
    assert len(endpoint.requests) == 2


def test_the_release_that_runs_must_be_the_one_that_was_asked_for(
    endpoint: Any, described: Any, asked: Asked
) -> None:
    described.release, described.package = "ba9876543210", RELEASED

    assert stopping(asked()) == {
        "release": f"release ba9876543210 runs instead of 0123456789ab; "
        f"package {RELEASED} runs instead of {PLANNED}"
    }


def test_an_endpoint_that_is_not_there_is_told_and_not_raised(aws: Any, asked: Asked) -> None:
    aws.refuse("DescribeEndpoint", "ValidationException", 'Could not find endpoint "x".')

    assert "Could not find endpoint" in stopping(asked())["described"]


def test_every_other_part_of_the_config_is_compared(
    endpoint: Any, described: Any, asked: Asked
) -> None:
    described.status = "Updating"
    described.instance_type = "ml.m5.xlarge"
    rollback = described.endpoint["LastDeploymentConfig"]["AutoRollbackConfiguration"]
    rollback["Alarms"] = [{"AlarmName": "another"}]
    described.config["DataCaptureConfig"]["InitialSamplingPercentage"] = 5
    del described.config["KmsKeyId"]

    found = stopping(asked())

    assert "the endpoint is Updating" in found["in service"]
    assert "ml.m5.xlarge instead of ml.m5.large" in found["machines"]
    assert found["guardrails"].startswith("alarms is ('another',), planned ('acme-prod-churn")
    assert found["capture"] == "InitialSamplingPercentage is 5 instead of 100"
    assert found["encryption"].startswith("disks are under no key of ours instead of arn:aws:kms")
