"""The pinned package under a role that can do little."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mlops.contract import ContentSpec
from mlops_constructs.release import Release
from mlops_constructs.serving.served_model import ServedModel

CONTENT = ContentSpec(archive="a" * 64, answers="b" * 64, baseline="c" * 64, image="d" * 64)
PACKAGE = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn/3"


@pytest.fixture(scope="module")
def served(
    render: Callable[..., Any], key_in: Callable[..., Any], release_of: Callable[..., Release]
) -> Callable[..., Any]:
    def built(**changes: Any) -> Any:
        release = release_of(**changes)
        return render(lambda stack: ServedModel(stack, "M", release=release, key=key_in(stack)))

    return built


@pytest.fixture(scope="module")
def model(served: Callable[..., Any]) -> Any:
    return served()


def test_the_model_is_the_pinned_package_and_knows_its_version(
    model: Any, release_of: Callable[..., Release]
) -> None:
    (container,) = model.only("AWS::SageMaker::Model")["Containers"]

    assert container == {
        "ModelPackageName": PACKAGE,
        "Environment": {
            "MODEL_CONTENT": "unrecorded",
            "MODEL_VERSION": "3",
            "MODEL_RELEASE": release_of().hash,
        },
    }


def test_a_contract_that_allows_shorter_bodies_alone_tells_the_container(
    served: Callable[..., Any],
) -> None:
    (container,) = served(max_payload_mb=2).only("AWS::SageMaker::Model")["Containers"]

    assert container["Environment"]["MAX_BODY_BYTES"] == str(2 * 1024 * 1024)


def test_the_container_is_told_which_archive_was_released(
    render: Callable[..., Any], key_in: Callable[..., Any], release_of: Callable[..., Release]
) -> None:
    release = replace(release_of(), content=CONTENT)

    built = render(lambda stack: ServedModel(stack, "M", release=release, key=key_in(stack)))

    (container,) = built.only("AWS::SageMaker::Model")["Containers"]
    assert container["Environment"]["MODEL_CONTENT"] == CONTENT.archive


@pytest.mark.parametrize("part", ContentSpec.model_fields)
def test_other_bytes_behind_a_version_are_another_release(
    release_of: Callable[..., Release], part: str
) -> None:
    other = CONTENT.model_copy(update={part: "f" * 64})

    hashes = {replace(release_of(), content=content).hash for content in (None, CONTENT, other)}

    assert len(hashes) == 3


def test_the_model_is_unnamed_and_its_container_alone(model: Any) -> None:
    properties = model.only("AWS::SageMaker::Model")

    assert "ModelName" not in properties
    assert properties["EnableNetworkIsolation"] is True
    assert "VpcConfig" not in properties


def test_a_model_is_kept_whichever_way_a_release_goes(model: Any) -> None:
    resource = model.resource("AWS::SageMaker::Model")

    # The old one for an endpoint that was rolled back, the new one for who reports that.
    assert resource["UpdateReplacePolicy"] == resource["DeletionPolicy"] == "Retain"


def test_the_model_carries_whose_it_is(model: Any, release_of: Callable[..., Release]) -> None:
    tags = {t["Key"]: t["Value"] for t in model.only("AWS::SageMaker::Model")["Tags"]}

    assert tags == {"mlops:endpoint": "acme-prod-churn", "mlops:release": release_of().hash}


def test_the_role_sees_rollback_alarms_by_name_and_refers_to_none(model: Any) -> None:
    (statements,) = model.roles().values()

    assert statements["SeeRollbackAlarms"]["Action"] == "cloudwatch:DescribeAlarms"
    assert statements["SeeRollbackAlarms"]["Resource"] == (
        "arn:aws:cloudwatch:eu-west-1:400000000000:alarm:acme-prod-churn-rollback-*"
    )


def test_the_role_decrypts_in_the_registrys_account_and_this_models_files_alone(model: Any) -> None:
    (statements,) = model.roles().values()

    decrypt = statements["DecryptModels"]
    assert decrypt["Resource"] == "arn:aws:kms:eu-west-1:200000000000:key/*"
    bucket = "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1"
    assert decrypt["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/models/churn/*/Train/*"]
        }
    }


def test_the_role_reads_this_models_artifacts_and_writes_its_captures(model: Any) -> None:
    (statements,) = model.roles().values()

    assert statements["ReadModels"]["Resource"] == (
        "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1/models/churn/*/Train/*"
    )
    assert statements["WriteOutputs"]["Resource"] == (
        "arn:aws:s3:::acme-prod-captures-400000000000-eu-west-1/churn/*"
    )
    assert statements["PullTheImage"]["Resource"] == (
        "arn:aws:ecr:eu-west-1:100000000000:repository/acme/churn"
    )


def test_without_capture_nothing_is_written(served: Callable[..., Any]) -> None:
    (statements,) = served(capture={"enabled": False}).roles().values()

    assert "WriteOutputs" not in statements
    assert "s3:Put" not in json.dumps(statements)


def test_a_stages_network_is_the_containers(served: Callable[..., Any]) -> None:
    model = served(network=True)

    assert model.only("AWS::SageMaker::Model")["VpcConfig"] == {
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "Subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }
    assert "CreateInterfaces" in next(iter(model.roles().values()))
