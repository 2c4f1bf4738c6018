"""The delivery pipeline starts a stage's checks as they are, and can do nothing else there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.checks.check_starter import CheckStarter
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def starter(render: Callable[..., Any], site_of: Callable[..., Site]) -> dict[str, Any]:
    template = render(lambda stack: CheckStarter(stack, "Starter", site=site_of("prod")))
    found: dict[str, Any] = template.only("AWS::IAM::Role")
    return found


def test_whoever_starts_the_runner_hands_it_nothing(starter: dict[str, Any]) -> None:
    project = "arn:aws:codebuild:eu-west-1:400000000000:project/acme-prod-checks"

    (policy,) = starter["Policies"]
    start, wait = policy["PolicyDocument"]["Statement"]
    assert (start["Action"], start["Resource"]) == ("codebuild:StartBuild", project)
    assert start["Condition"] == {
        "Null": {
            "codebuild:artifacts": "true",
            "codebuild:environment.environmentVariables": "true",
            "codebuild:environment.image": "true",
            "codebuild:secondarySources": "true",
            "codebuild:serviceRole": "true",
            "codebuild:source.buildspec": "true",
            "codebuild:source.location": "true",
        }
    }
    assert (wait["Action"], wait["Resource"]) == ("codebuild:BatchGetBuilds", project)


def test_it_trusts_one_role_of_the_delivery_account(starter: dict[str, Any]) -> None:
    assert starter["RoleName"] == "acme-prod-checks-starter"
    (trust,) = starter["AssumeRolePolicyDocument"]["Statement"]
    assert "100000000000:root" in json.dumps(trust["Principal"])
    assert trust["Condition"]["ArnEquals"]["aws:PrincipalArn"] == (
        "arn:aws:iam::100000000000:role/acme-delivery-verification"
    )
