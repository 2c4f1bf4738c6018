"""Every call goes through a real client whose stub checks it against botocore's service model."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from mlops_handlers.training import find_approved

REPOSITORY = "100000000000.dkr.ecr.eu-central-1.amazonaws.com/acme/churn"
DIGEST = f"sha256:{'5' * 64}"
EVENT = {
    "GroupName": "acme-churn",
    "CandidateModelDataUrl": "s3://bucket/candidate/model.tar.gz",
    "ImageUri": f"{REPOSITORY}:0123abcd",
}
PACKAGE = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn/7"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = {
    "ModelPackageGroupName": "acme-churn",
    "ModelApprovalStatus": "Approved",
    "SortBy": "CreationTime",
    "SortOrder": "Descending",
}


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The delivery's image registry, which has no wildcards: every call is one that is expected."""
    client = boto3.client("ecr", region_name="eu-central-1")
    monkeypatch.setattr(find_approved, "_ecr", {"eu-central-1": client}.__getitem__)
    with Stubber(client) as stub:
        yield stub


@pytest.fixture
def tagged(images: Stubber) -> Stubber:
    """One image, behind the event's tag."""
    asked = {
        "registryId": "100000000000",
        "repositoryName": "acme/churn",
        "imageIds": [{"imageTag": "0123abcd"}],
    }
    images.add_response("describe_images", {"imageDetails": [{"imageDigest": DIGEST}]}, asked)
    return images


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tagged: Stubber) -> Iterator[Stubber]:
    client = boto3.client("sagemaker", region_name="eu-west-1")
    monkeypatch.setattr(find_approved, "_sagemaker", lambda: client)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def summary(arn: str) -> dict[str, Any]:
    return {
        "ModelPackageArn": arn,
        "CreationTime": MOMENT,
        "ModelPackageStatus": "Completed",
        "ModelPackageGroupName": "acme-churn",
    }


def described(version: int) -> dict[str, Any]:
    return {
        "ModelPackageName": "acme-churn",
        "ModelPackageArn": PACKAGE,
        "ModelPackageVersion": version,
        "CreationTime": MOMENT,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "InferenceSpecification": {
            "Containers": [{"Image": "i", "ModelDataUrl": "s3://bucket/7/model.tar.gz"}]
        },
    }


def test_the_newest_approved_version_is_the_one_to_beat(registry: Stubber) -> None:
    listed = {"ModelPackageSummaryList": [summary(PACKAGE), summary(f"{PACKAGE[:-1]}3")]}
    registry.add_response("list_model_packages", listed, ASKED)
    registry.add_response("describe_model_package", described(7), {"ModelPackageName": PACKAGE})

    answer = find_approved.handler(EVENT, None)

    assert answer == {
        "ApprovedModelDataUrl": "s3://bucket/7/model.tar.gz",
        "ApprovedVersion": "7",
        "ImageByDigest": f"{REPOSITORY}@{DIGEST}",
    }


def test_a_candidate_without_an_approved_predecessor_meets_itself(registry: Stubber) -> None:
    registry.add_response("list_model_packages", {"ModelPackageSummaryList": []}, ASKED)

    answer = find_approved.handler(EVENT, None)

    assert answer == {
        "ApprovedModelDataUrl": EVENT["CandidateModelDataUrl"],
        "ApprovedVersion": "0",
        "ImageByDigest": f"{REPOSITORY}@{DIGEST}",
    }


def test_an_empty_page_is_not_the_end_of_the_list(registry: Stubber) -> None:
    first = {"ModelPackageSummaryList": [], "NextToken": "more"}
    registry.add_response("list_model_packages", first, ASKED)
    second = {"ModelPackageSummaryList": [summary(PACKAGE)]}
    registry.add_response("list_model_packages", second, ASKED | {"NextToken": "more"})
    registry.add_response("describe_model_package", described(7), {"ModelPackageName": PACKAGE})

    assert find_approved.handler(EVENT, None)["ApprovedVersion"] == "7"


def test_an_unknown_group_fails_the_step_instead_of_waving_the_candidate_through(
    registry: Stubber,
) -> None:
    registry.add_client_error("list_model_packages", "ValidationException")

    with pytest.raises(Exception, match="ValidationException"):
        find_approved.handler(EVENT, None)


def test_a_tag_that_stands_for_no_image_fails_the_step(images: Stubber) -> None:
    images.add_client_error("describe_images", "ImageNotFoundException")

    with pytest.raises(Exception, match="ImageNotFoundException"):
        find_approved.handler(EVENT, None)


def test_importing_the_handler_makes_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a client at import")

    monkeypatch.setattr(boto3, "client", refuse)

    importlib.reload(find_approved)
