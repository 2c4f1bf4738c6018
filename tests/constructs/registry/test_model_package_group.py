"""A group never changes its name, outlives its stack, and is read by the configured accounts."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.registry.model_package_group import ModelPackageGroup
from mlops_constructs.site import Site

GROUP = "AWS::SageMaker::ModelPackageGroup"


@pytest.fixture(scope="module")
def group(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    return render(
        lambda stack: ModelPackageGroup(stack, "Churn", site=site_of("dev"), model="churn")
    )


def test_name_and_description_follow_from_the_models_name_alone(group: Any) -> None:
    properties = group.only(GROUP)

    assert properties["ModelPackageGroupName"] == "acme-churn"
    assert properties["ModelPackageGroupDescription"] == "Versions of the model churn"


def test_versions_survive_deletion_and_replacement(group: Any) -> None:
    resource = group.resource(GROUP)

    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_configured_accounts_look_and_use_but_never_approve(group: Any) -> None:
    statements = group.only(GROUP)["ModelPackageGroupPolicy"]["Statement"]

    accounts = {"AWS": ["arn:aws:iam::300000000000:root", "arn:aws:iam::400000000000:root"]}
    assert [s["Principal"] for s in statements] == [accounts, accounts]
    assert sorted(action for s in statements for action in s["Action"]) == [
        "sagemaker:CreateModel",
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
    ]
    assert [s["Resource"].split(":")[-1] for s in statements] == [
        "model-package-group/acme-churn",
        "model-package/acme-churn/*",
    ]


def test_without_other_accounts_there_is_no_policy(
    render: Callable[..., Any], site_of: Callable[..., Site]
) -> None:
    alone = render(
        lambda stack: ModelPackageGroup(stack, "Churn", site=site_of("prod"), model="churn")
    )

    assert "ModelPackageGroupPolicy" not in alone.only(GROUP)
