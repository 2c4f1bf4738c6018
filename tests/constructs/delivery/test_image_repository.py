"""A model's images: tags that never move, scanned, pulled by the configured stages alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.image_repository import ImageRepository
from mlops_constructs.delivery_site import DeliverySite

REPOSITORY = "AWS::ECR::Repository"


@pytest.fixture(scope="module")
def repository(render: Callable[..., Any], names: Names, key_in: Any) -> Any:
    site = DeliverySite(names=names)
    return render(
        lambda stack: ImageRepository(stack, "I", site=site, model="churn", key=key_in(stack))
    )


def test_it_has_the_name_that_image_uris_contain(repository: Any) -> None:
    assert repository.only(REPOSITORY)["RepositoryName"] == "acme/churn"


def test_a_tag_never_moves_and_every_push_is_scanned(repository: Any) -> None:
    properties = repository.only(REPOSITORY)

    assert properties["ImageTagMutability"] == "IMMUTABLE"
    assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_images_are_under_the_delivery_key(repository: Any) -> None:
    encryption = repository.only(REPOSITORY)["EncryptionConfiguration"]

    assert encryption["EncryptionType"] == "KMS"
    assert encryption["KmsKey"].startswith("arn:aws:kms:")


def test_exactly_the_configured_accounts_pull_and_do_no_more(repository: Any) -> None:
    (statement,) = repository.only(REPOSITORY)["RepositoryPolicyText"]["Statement"]

    principals = statement["Principal"]["AWS"]
    assert [json.dumps(p).partition("iam::")[2][:12] for p in principals] == [
        "200000000000",
        "300000000000",
        "400000000000",
    ]
    assert statement["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:DescribeRepositories",
        "ecr:GetDownloadUrlForLayer",
    ]


def test_no_tagged_image_expires(repository: Any) -> None:
    policy = json.loads(repository.only(REPOSITORY)["LifecyclePolicy"]["LifecyclePolicyText"])

    assert [rule["selection"]["tagStatus"] for rule in policy["rules"]] == ["untagged"]


def test_images_survive_their_stack(repository: Any) -> None:
    resource = repository.resource(REPOSITORY)

    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
