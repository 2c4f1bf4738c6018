"""The pipeline asks and starts with one role that can only take the roles of others."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.verification_role import verification_role
from mlops_constructs.delivery_site import DeliverySite


@pytest.fixture(scope="module")
def role(render: Callable[..., Any], names: Names) -> dict[str, Any]:
    site = DeliverySite(names=names)
    template = render(lambda stack: verification_role(stack, "R", site=site, models=["churn"]))
    found: dict[str, Any] = template.only("AWS::IAM::Role")
    return found


def test_it_takes_the_reading_and_the_starting_roles_of_the_stages_and_reads_images(
    role: dict[str, Any],
) -> None:
    (policy,) = role["Policies"]
    granted = {s["Sid"]: s for s in policy["PolicyDocument"]["Statement"]}

    assert granted["FindImages"]["Resource"] == (
        "arn:aws:ecr:eu-west-1:100000000000:repository/acme/churn"
    )
    assert granted["ReadTheStages"]["Resource"] == [
        f"arn:aws:iam::{account}:role/cdk-hnb659fds-lookup-role-{account}-eu-west-1"
        for account in ("200000000000", "300000000000", "400000000000")
    ]
    assert granted["StartChecks"]["Resource"] == [
        f"arn:aws:iam::{account}:role/acme-{stage}-checks-starter"
        for account, stage in (
            ("200000000000", "dev"),
            ("300000000000", "test"),
            ("400000000000", "prod"),
        )
    ]
    assert len(granted) == 3


def test_it_is_named_and_for_builds_of_this_account_alone(role: dict[str, Any]) -> None:
    assert role["RoleName"] == "acme-delivery-verification"
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert "codebuild" in json.dumps(trust["Principal"])
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "100000000000"}}
