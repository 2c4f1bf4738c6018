"""The release automation reads the registry and rejects; it can never approve."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.registry.release_decisions import ReleaseDecisions
from mlops_constructs.site import Site

GROUPS = "arn:aws:sagemaker:eu-west-1:200000000000:model-package-group/acme-*"
VERSIONS = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-*/*"


@pytest.fixture(scope="module")
def decisions(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    return render(lambda stack: ReleaseDecisions(stack, "Decisions", site=site_of("dev")))


def test_it_is_the_role_that_the_automation_asks_for(decisions: Any) -> None:
    role = decisions.only("AWS::IAM::Role")

    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert role["RoleName"] == "acme-dev-release-decisions"
    assert trust["Condition"]["ArnEquals"] == {
        "aws:PrincipalArn": "arn:aws:iam::100000000000:role/acme-release-automation"
    }


def test_a_status_becomes_rejected_or_stays_as_it_is(decisions: Any) -> None:
    (statements,) = decisions.roles().values()

    assert statements["RejectVersions"] == {
        "Sid": "RejectVersions",
        "Effect": "Allow",
        "Action": "sagemaker:UpdateModelPackage",
        "Resource": VERSIONS,
        "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Rejected"}},
    }


def test_everything_else_only_reads_this_projects_models(decisions: Any) -> None:
    (statements,) = decisions.roles().values()

    assert list(statements) == ["ReadTheRegistry", "RejectVersions"]
    assert statements["ReadTheRegistry"]["Resource"] == [GROUPS, VERSIONS]
    assert statements["ReadTheRegistry"]["Action"] == [
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
    ]
