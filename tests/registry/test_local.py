import json
import multiprocessing
import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.loaders import Loader

from mlops.registry import RegistryError, SageMakerClient, local_client, operations
from mlops.registry.operations import MOST_METADATA, TRANSITIONS
from mlops.registry.store import Store

GROUP = "mlops-bike-demand"
ELSEWHERE = "arn:aws:sagemaker:us-east-1:222222222222:model-package"


@pytest.fixture
def client(tmp_path: Path) -> SageMakerClient:
    client = local_client(tmp_path / "registry", account="222222222222", region="eu-west-1")
    client.create_model_package_group(
        ModelPackageGroupName=GROUP, ModelPackageGroupDescription="bikes"
    )
    return client


def package(**changes: object) -> dict[str, object]:
    container = {
        "Image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mlops/bike-demand:abc",
        "ModelDataUrl": "s3://bucket/model.tar.gz",
    }
    return {
        "ModelPackageGroupName": GROUP,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"commit": "abc", "execution": "e1"},
        **changes,
    }


def refusal(call: object, **request: object) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)  # type: ignore[operator]  # a bound method of the client
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_versions_are_numbered_from_one_and_named_as_aws_names_them(
    client: SageMakerClient,
) -> None:
    arns = [client.create_model_package(**package())["ModelPackageArn"] for _ in range(3)]

    prefix = f"arn:aws:sagemaker:eu-west-1:222222222222:model-package/{GROUP}"
    assert arns == [f"{prefix}/1", f"{prefix}/2", f"{prefix}/3"]


def test_a_description_returns_every_field_of_the_registration(client: SageMakerClient) -> None:
    metrics = {
        "ModelQuality": {
            "Statistics": {"ContentType": "application/json", "S3Uri": "s3://bucket/e.json"}
        }
    }
    request = package(ModelMetrics=metrics, Domain="MACHINE_LEARNING", Task="REGRESSION")
    arn = client.create_model_package(**request)["ModelPackageArn"]

    answer = client.describe_model_package(ModelPackageName=arn)

    assert {key: answer[key] for key in request} == request
    assert answer["ModelPackageVersion"] == 1
    assert answer["ModelPackageStatus"] == "Completed"
    assert answer["CreationTime"].tzinfo is not None


def test_a_version_can_be_described_by_group_and_number(client: SageMakerClient) -> None:
    client.create_model_package(**package())

    assert client.describe_model_package(ModelPackageName=f"{GROUP}/1")["ModelPackageVersion"] == 1


def test_an_approval_keeps_its_reason_and_the_moment(client: SageMakerClient) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]

    client.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="reviewed"
    )

    answer = client.describe_model_package(ModelPackageName=arn)
    assert answer["ModelApprovalStatus"] == "Approved"
    assert answer["ApprovalDescription"] == "reviewed"
    assert answer["LastModifiedTime"] >= answer["CreationTime"]


def test_the_moment_of_a_change_is_that_of_the_last_one_and_in_no_list(
    client: SageMakerClient,
) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]
    assert "LastModifiedTime" not in client.describe_model_package(ModelPackageName=arn)

    moments = []
    for status in ("Approved", "Rejected"):
        client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)
        moments.append(client.describe_model_package(ModelPackageName=arn)["LastModifiedTime"])

    (listed,) = client.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    assert moments[0] < moments[1]
    assert moments[0].tzinfo is not None
    assert "LastModifiedTime" not in listed


def test_an_approved_version_can_be_rejected_again(client: SageMakerClient) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]
    for status in ("Approved", "Rejected"):
        client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)

    answer = client.describe_model_package(ModelPackageName=arn)

    assert answer["ModelApprovalStatus"] == "Rejected"


def test_customer_metadata_is_merged_and_removed_by_key(client: SageMakerClient) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]

    client.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"commit": "def", "note": "x"},
        CustomerMetadataPropertiesToRemove=["execution"],
    )

    answer = client.describe_model_package(ModelPackageName=arn)
    assert answer["CustomerMetadataProperties"] == {"commit": "def", "note": "x"}


def test_a_status_outside_the_vocabulary_is_refused(client: SageMakerClient) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]

    code, message = refusal(
        client.update_model_package, ModelPackageArn=arn, ModelApprovalStatus="Blessed"
    )

    assert code == "ValidationException"
    assert "Value 'Blessed' at 'modelApprovalStatus' failed" in message
    assert "Approved, Rejected, PendingManualApproval" in message


def test_a_reason_longer_than_the_service_takes_is_refused(client: SageMakerClient) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]

    _, message = refusal(
        client.update_model_package,
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="x" * 1025,
    )

    assert "less than or equal to 1024" in message


def test_a_group_name_with_an_illegal_character_is_refused(client: SageMakerClient) -> None:
    code, message = refusal(client.create_model_package_group, ModelPackageGroupName="../escape")

    assert code == "ValidationException"
    assert "regular expression pattern" in message


def test_botocore_still_validates_before_anything_is_stored(client: SageMakerClient) -> None:
    with pytest.raises(ParamValidationError, match="Unknown parameter"):
        client.create_model_package(**package(ModelAprovalStatus="Approved"))

    assert client.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"] == []


def test_a_group_exists_once(client: SageMakerClient) -> None:
    code, message = refusal(client.create_model_package_group, ModelPackageGroupName=GROUP)

    assert code == "ValidationException"
    assert "already exists" in message


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("describe_model_package", {"ModelPackageName": f"{GROUP}/9"}),
        ("describe_model_package", {"ModelPackageName": "nothing"}),
        ("describe_model_package_group", {"ModelPackageGroupName": "nothing"}),
        ("list_model_packages", {"ModelPackageGroupName": "nothing"}),
        ("create_model_package", package(ModelPackageGroupName="nothing")),
        (
            "update_model_package",
            {
                "ModelPackageArn": f"{ELSEWHERE}/{GROUP}/1",
                "ModelApprovalStatus": "Approved",
            },
        ),
    ],
)
def test_what_does_not_exist_is_refused_by_name(
    client: SageMakerClient, operation: str, request_: dict[str, object]
) -> None:
    client.create_model_package(**package())

    code, message = refusal(getattr(client, operation), **request_)

    assert code == "ValidationException"
    assert "does not exist" in message


def test_an_operation_that_the_folder_does_not_know_never_reaches_the_network(
    client: SageMakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", forbidden)

    code, message = refusal(client.list_endpoints)  # type: ignore[attr-defined]  # outside our protocol

    assert code == "UnknownOperationException"
    assert "ListEndpoints" in message


def test_versions_are_filtered_by_status_and_sorted(client: SageMakerClient) -> None:
    for status in ("Approved", "Rejected", "Approved"):
        client.create_model_package(**package(ModelApprovalStatus=status))

    answer = client.list_model_packages(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )

    numbers = [found["ModelPackageVersion"] for found in answer["ModelPackageSummaryList"]]
    assert numbers == [3, 1]


def test_long_lists_come_in_pages(client: SageMakerClient) -> None:
    for _ in range(5):
        client.create_model_package(**package())

    first = client.list_model_packages(ModelPackageGroupName=GROUP, MaxResults=3)
    second = client.list_model_packages(
        ModelPackageGroupName=GROUP, MaxResults=3, NextToken=first["NextToken"]
    )

    numbers = [
        found["ModelPackageVersion"]
        for page in (first, second)
        for found in page["ModelPackageSummaryList"]
    ]
    assert numbers == [1, 2, 3, 4, 5]
    assert "NextToken" not in second


def test_without_a_group_only_versioned_packages_are_listed_on_request(
    client: SageMakerClient,
) -> None:
    client.create_model_package(**package())

    default = client.list_model_packages()["ModelPackageSummaryList"]
    versioned = client.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"]

    assert (len(default), len(versioned)) == (0, 1)


def test_groups_are_listed_by_a_part_of_their_name(client: SageMakerClient) -> None:
    client.create_model_package_group(ModelPackageGroupName="mlops-churn")

    answer = client.list_model_package_groups(NameContains="churn")

    names = [found["ModelPackageGroupName"] for found in answer["ModelPackageGroupSummaryList"]]
    assert names == ["mlops-churn"]
    group = client.describe_model_package_group(ModelPackageGroupName=GROUP)
    assert group["ModelPackageGroupDescription"] == "bikes"


def test_a_repeated_request_makes_one_version(client: SageMakerClient) -> None:
    token = "a" * 36

    first = client.create_model_package(**package(ClientToken=token))
    second = client.create_model_package(**package(ClientToken=token))

    assert first["ModelPackageArn"] == second["ModelPackageArn"]


def _register(folder: Path, count: int) -> None:
    client = local_client(folder)
    for _ in range(count):
        client.create_model_package(**package())


def test_two_processes_at_once_lose_no_version(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    local_client(folder).create_model_package_group(ModelPackageGroupName=GROUP)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_register, args=(folder, 15)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)

    numbers = [version["ModelPackageVersion"] for version in Store(folder).versions(GROUP)]
    assert numbers == list(range(1, 31))


def test_a_registry_held_by_another_process_is_told_with_what_to_do(
    client: SageMakerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops.registry.store.LOCK_TIMEOUT_SECONDS", 0.05)

    told = pytest.raises(RegistryError, match="held by another process; remedy: run it again")
    with Store(tmp_path / "registry").locked(), told:
        client.create_model_package(**package())


STATUSES = ("PendingManualApproval", "Approved", "Rejected")


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_an_approval_changes_as_documented_and_in_no_other_way(
    client: SageMakerClient, before: str, after: str
) -> None:
    created = client.create_model_package(**package(ModelApprovalStatus=before))
    arn = created["ModelPackageArn"]
    change = {"ModelPackageArn": arn, "ModelApprovalStatus": after, "ApprovalDescription": "why"}

    if after == "PendingManualApproval" != before:
        code, message = refusal(client.update_model_package, **change)
        assert code == "ValidationException"
        assert f"cannot go from {before} to {after}" in message
    else:
        client.update_model_package(**change)

    found = client.describe_model_package(ModelPackageName=arn)
    kept = before if after == "PendingManualApproval" else after
    assert found["ModelApprovalStatus"] == kept


def test_every_approval_status_of_the_api_is_in_the_documented_changes() -> None:
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]

    assert {one for pair in TRANSITIONS for one in pair} == set(
        shapes["ModelApprovalStatus"]["enum"]
    )
    assert shapes["CustomerMetadataMap"]["max"] == MOST_METADATA


def test_metadata_is_counted_after_it_is_merged(client: SageMakerClient) -> None:
    full = {f"key-{number}": "x" for number in range(MOST_METADATA)}
    created = client.create_model_package(**package(CustomerMetadataProperties=full))
    arn = created["ModelPackageArn"]
    more = {"ModelPackageArn": arn, "CustomerMetadataProperties": {"one-more": "x"}}

    code, message = refusal(client.update_model_package, **more)
    client.update_model_package(**more, CustomerMetadataPropertiesToRemove=["key-0"])

    assert (code, message) == (
        "ValidationException",
        f"CustomerMetadataProperties: {MOST_METADATA + 1} entries; at most {MOST_METADATA}",
    )


def test_a_change_that_would_not_be_kept_is_refused(client: SageMakerClient) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]
    container = {"Image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mlops/bike-demand:abc"}

    _, message = refusal(
        client.update_model_package,
        ModelPackageArn=arn,
        AdditionalInferenceSpecificationsToAdd=[{"Name": "other", "Containers": [container]}],
    )

    assert "does not keep AdditionalInferenceSpecificationsToAdd" in message


def test_every_member_of_an_update_is_kept_or_refused() -> None:
    model = Loader().load_service_model("sagemaker", "service-2")
    members = model["shapes"]["UpdateModelPackageInput"]["members"].keys()

    assert members - {*operations._UPDATABLE, *operations._MERGED} == {
        "AdditionalInferenceSpecificationsToAdd"
    }


def test_an_interrupted_write_leaves_the_version_before_it(
    client: SageMakerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = client.create_model_package(**package())["ModelPackageArn"]

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    files = sorted(path.name for path in (tmp_path / "registry" / GROUP).iterdir())
    assert files == ["1.json", "group.json"]
    stored = json.loads((tmp_path / "registry" / GROUP / "1.json").read_text())
    assert stored["ModelApprovalStatus"] == "PendingManualApproval"
