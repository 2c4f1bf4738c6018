"""An endpoint is followed to its package; captures and keys are compared in every combination."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.live import findings, live_endpoint, live_or_none
from mlops.checks.plan import PlannedRelease

KEY = "arn:aws:kms:eu-west-1:400000000000:key/11111111-2222-3333-4444-555555555555"


def stopping(clients: Clients, planned: PlannedRelease) -> dict[str, str]:
    live = live_endpoint(clients, planned.endpoint)
    found = findings(live, planned, key_arn=KEY)
    return {name: finding.detail for name, finding in found if finding.status.stops}


def test_a_model_without_a_package_has_no_version(described: Any, clients: Clients) -> None:
    described.package = None

    live = live_endpoint(clients, "acme-prod-churn")

    assert (live.package, live.version) == (None, None)


def test_an_endpoint_that_does_not_exist_is_none(aws: Any, clients: Clients) -> None:
    aws.refuse("DescribeEndpoint", "ValidationException", 'Could not find endpoint "x".')

    assert live_or_none(clients, "x") is None


def test_a_config_that_does_not_exist_is_a_fault(
    aws: Any, described: Any, clients: Clients
) -> None:
    gone = 'Could not find endpoint configuration "x".'
    aws.refuse("DescribeEndpointConfig", "ValidationException", gone)

    with pytest.raises(ClientError, match="configuration"):
        live_or_none(clients, "x")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"MODEL_CONTENT": "b" * 64}, "b" * 64),
        ({"MODEL_CONTENT": "unrecorded"}, "unrecorded"),
        ({}, "anything"),
    ],
)
def test_containers_that_may_serve_another_archive_are_told(
    described: Any, clients: Clients, release: PlannedRelease, variables: dict[str, str], said: str
) -> None:
    described.variables = variables

    assert stopping(clients, release) == {
        "content": f"its containers may serve {said} instead of {'a' * 64}"
    }


def test_another_image_than_the_released_one_is_told(
    described: Any, clients: Clients, release: PlannedRelease
) -> None:
    described.images = [{"ResolvedImage": f"registry/acme/churn@sha256:{'e' * 64}"}]

    assert stopping(clients, release) == {
        "content": f"the image sha256:{'e' * 64} runs instead of sha256:{'d' * 64}"
    }


def test_what_sagemaker_does_not_say_of_images_and_what_no_release_recorded_is_not_judged(
    described: Any, clients: Clients, release: PlannedRelease
) -> None:
    described.images = []
    assert stopping(clients, release) == {}

    described.variables = {"MODEL_CONTENT": "b" * 64}
    assert stopping(clients, replace(release, content="unrecorded", image="unrecorded")) == {}


def test_a_capture_that_nobody_asked_for_is_told(
    described: Any, clients: Clients, release: PlannedRelease
) -> None:
    assert stopping(clients, replace(release, capture=None)) == {
        "capture": "requests are captured, and the contract does not ask for it"
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"EnableCapture": False}, "requests are not captured"),
        (
            {"DestinationS3Uri": "s3://else/x"},
            "DestinationS3Uri is s3://else/x instead of s3://acme-captures/churn",
        ),
        ({"KmsKeyId": "k"}, f"KmsKeyId is k instead of {KEY}"),
        (
            {"CaptureOptions": [{"CaptureMode": "Input"}]},
            "not both requests and answers are captured",
        ),
    ],
)
def test_a_capture_that_is_not_the_planned_one_is_told(
    described: Any, clients: Clients, release: PlannedRelease, changed: Any, said: str
) -> None:
    described.config["DataCaptureConfig"] |= changed

    assert stopping(clients, release) == {"capture": said}


def test_disks_that_hardware_encrypts_have_no_key(
    described: Any, clients: Clients, release: PlannedRelease
) -> None:
    del described.config["KmsKeyId"]

    assert stopping(clients, replace(release, encrypted_disks=False)) == {}
