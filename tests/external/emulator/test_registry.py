"""Our own calls of the registry, answered by a folder and by an emulator of SageMaker's API.

Both stand for AWS. Where they differ, one is wrong or AWS does not say; each difference is listed.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops.registry import (
    ModelVersion,
    RegistryError,
    SageMakerClient,
    approve,
    aws_client,
    list_versions,
    local_client,
    reject,
    show,
)
from mlops.registry.versions import described
from tests.external.emulator.servers import REGION, SAGEMAKER_ACCOUNT, Server

pytestmark = pytest.mark.full

GROUP = "mlops-differential"
Step = Callable[[SageMakerClient], Any]

# Where the emulator answers otherwise than the folder does.
DIFFERENCES = {
    "a group exists once": (
        "moto overwrites a group; AWS refuses a second CreateModelPackageGroup of one name"
    ),
    "versions of a missing group": (
        "moto returns an empty list; the API's reference names no error, "
        "and an empty list would hide a misspelt group"
    ),
    "a version shows its lineage": "moto drops CustomerMetadataProperties, which the API returns",
}


def package(number: int, group: str = GROUP) -> dict[str, Any]:
    statistics = {"ContentType": "application/json", "S3Uri": "s3://bucket/evaluation.json"}
    return {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": f"version {number}",
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
        "CustomerMetadataProperties": {"commit": f"commit-{number}"},
        "InferenceSpecification": {
            "Containers": [{"Image": "image:tag", "ModelDataUrl": f"s3://bucket/{number}.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    }


def plain(version: ModelVersion) -> tuple[str, int, str, str]:
    """A version without the moment of its creation."""
    return version.group, version.number, version.arn, version.status


def lineage(client: SageMakerClient) -> tuple[Any, ...]:
    found = show(client, GROUP, 1)
    return (
        plain(found.version),
        found.commit,
        found.image,
        found.model_data_url,
        found.metrics_uri,
        found.reason,
        found.decided is not None,
    )


def group_fields(client: SageMakerClient) -> dict[str, Any]:
    answer = client.describe_model_package_group(ModelPackageGroupName=GROUP)
    unequal = ("CreationTime", "CreatedBy", "ResponseMetadata")
    return {key: value for key, value in answer.items() if key not in unequal}


def version_fields(client: SageMakerClient) -> dict[str, Any]:
    """What both must know of a version; its authors and moments are not equal."""
    answer = described(client, GROUP, 2)
    keys = ("ModelPackageStatus", "ModelApprovalStatus", "ApprovalDescription", "ModelMetrics")
    return {key: answer.get(key) for key in (*keys, "InferenceSpecification")}


def created(client: SageMakerClient, number: int, group: str = GROUP) -> str:
    return str(client.create_model_package(**package(number, group))["ModelPackageArn"])


def numbers(client: SageMakerClient, **request: Any) -> list[int]:
    answer = client.list_model_packages(ModelPackageGroupName=GROUP, **request)
    return [found["ModelPackageVersion"] for found in answer["ModelPackageSummaryList"]]


def blessed(client: SageMakerClient) -> None:
    arn = described(client, GROUP, 1)["ModelPackageArn"]
    client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Blessed")


def new_group(client: SageMakerClient) -> str:
    answer = client.create_model_package_group(
        ModelPackageGroupName=GROUP, ModelPackageGroupDescription="of both"
    )
    return str(answer["ModelPackageGroupArn"])


# In this order, on one registry.
SCENARIO: Mapping[str, Step] = {
    "versions of a missing group": lambda client: list_versions(client, GROUP),
    "a version in a missing group": lambda client: created(client, 1),
    "a group is created": new_group,
    "a group exists once": new_group,
    "a group is described": group_fields,
    "a new group is empty": lambda client: list_versions(client, GROUP),
    "versions are numbered": lambda client: [created(client, number) for number in (1, 2, 3)],
    "versions are listed, the newest first": lambda client: [
        plain(version) for version in list_versions(client, GROUP)
    ],
    "an approval": lambda client: plain(approve(client, GROUP, 1, reason="reviewed")),
    "a rejection": lambda client: plain(reject(client, GROUP, 2, reason="leaks")),
    "a second thought": lambda client: plain(reject(client, GROUP, 1, reason="leaks, too")),
    "approved again": lambda client: plain(approve(client, GROUP, 1, reason="a false alarm")),
    "the approved": lambda client: [
        v.number for v in list_versions(client, GROUP, status="Approved")
    ],
    "the rejected": lambda client: [
        v.number for v in list_versions(client, GROUP, status="Rejected")
    ],
    "the undecided": lambda client: [
        v.number for v in list_versions(client, GROUP, status="PendingManualApproval")
    ],
    "a page": lambda client: numbers(client, MaxResults=2),
    "by creation, the newest first": lambda client: numbers(
        client, SortBy="CreationTime", SortOrder="Descending"
    ),
    "a version is described": version_fields,
    "a version shows its lineage": lineage,
    "a missing version is described": lambda client: described(client, GROUP, 9),
    "a missing version is approved": lambda client: approve(client, GROUP, 9, reason="reviewed"),
    "a version of a missing group is rejected": lambda client: reject(
        client, "mlops-nothing", 1, reason="leaks"
    ),
    "a status outside the vocabulary": blessed,
}


def answer(step: Step, client: SageMakerClient) -> tuple[str, Any]:
    """What a step returns, or the code that it is refused with: the words are the service's own."""
    try:
        return "answered", step(client)
    except ClientError as error:
        return "refused", error.response["Error"]["Code"]
    except RegistryError as error:
        return "refused", error.__cause__.response["Error"]["Code"]  # type: ignore[union-attr]  # its cause is the client's


@pytest.fixture
def emulated(sagemaker: Server, monkeypatch: pytest.MonkeyPatch) -> SageMakerClient:
    """The client that `--target aws` makes; only its address comes from the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", sagemaker.url)
    return aws_client(region=REGION)


def test_the_folder_answers_as_the_emulator_does_but_for_what_is_listed(
    emulated: SageMakerClient, tmp_path: Path
) -> None:
    folder = local_client(tmp_path, account=SAGEMAKER_ACCOUNT, region=REGION)

    ours = {name: answer(step, folder) for name, step in SCENARIO.items()}
    theirs = {name: answer(step, emulated) for name, step in SCENARIO.items()}

    unequal = {name: (ours[name], theirs[name]) for name in SCENARIO if ours[name] != theirs[name]}
    assert unequal.keys() == DIFFERENCES.keys(), unequal
    assert ours["an approval"] == (
        "answered",
        (
            GROUP,
            1,
            f"arn:aws:sagemaker:{REGION}:{SAGEMAKER_ACCOUNT}:model-package/{GROUP}/1",
            "Approved",
        ),
    )
    assert {name for name, (kind, _) in ours.items() if kind == "refused"} == {
        "versions of a missing group",
        "a version in a missing group",
        "a group exists once",
        "a missing version is described",
        "a missing version is approved",
        "a version of a missing group is rejected",
        "a status outside the vocabulary",
    }
