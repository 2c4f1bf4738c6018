"""What CloudFormation's role lacks is told before a deployment meets it."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import copy
import json
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops.checks.clients import Clients
from mlops.checks.execution_role import ExecutionRole, sufficient
from mlops.checks.result import Finding, Status

ACCOUNT = "arn:aws:iam::400000000000"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ROLE = "cdk-hnb659fds-cfn-exec-role-400000000000-eu-west-1"


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


HERE = {"aws:RequestedRegion": "eu-west-1"}
PASSED = {"iam:PassedToService": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]}
NEEDED: list[dict[str, Any]] = [
    allow(["kms:CreateKey", "kms:TagResource"], StringEquals=HERE),
    allow(["iam:PassRole"], [f"{ACCOUNT}:role/acme-*"], StringEquals=PASSED),
]


class Iam:
    """The role with its policies, as IAM tells of them."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.statements = copy.deepcopy(NEEDED)
        aws.offer(self.list_attached_role_policies, self.get_policy, self.get_policy_version)

    def list_attached_role_policies(self, *, RoleName: str, **_: Any) -> dict[str, Any]:
        assert RoleName == ROLE
        policies = [
            {"PolicyName": f"p-{n}", "PolicyArn": f"{ACCOUNT}:policy/p-{n}"}
            for n in range(len(self.statements))
        ]
        return {"AttachedPolicies": policies, "IsTruncated": False}

    def get_policy(self, *, PolicyArn: str) -> dict[str, Any]:
        return {"Policy": {"Arn": PolicyArn, "DefaultVersionId": "v2"}}

    def get_policy_version(self, *, PolicyArn: str, VersionId: str) -> dict[str, Any]:
        assert VersionId == "v2"
        statement = self.statements[int(PolicyArn.rpartition("-")[2])]
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        version = {"Document": urllib.parse.quote(document), "CreateDate": MOMENT}
        return {"PolicyVersion": version}


@pytest.fixture
def iam(aws: Any) -> Iam:
    return Iam(aws)


@pytest.fixture
def ask(clients: Clients) -> Callable[[], Finding]:
    role = ExecutionRole(name=ROLE, policies=[{"Statement": NEEDED}])
    return lambda: sufficient(clients, role)


def test_exactly_what_is_needed_suffices(iam: Iam, ask: Callable[[], Finding]) -> None:
    assert ask().status is Status.PASSED


@pytest.mark.parametrize(
    "statement",
    [allow("*"), allow(["kms:*", "IAM:Pass*"]), allow(["iam:PassRole", "kms:*"], ["*"])],
    ids=["administration", "patterns", "wider resource"],
)
def test_more_than_is_needed_suffices(
    statement: dict[str, Any], iam: Iam, ask: Callable[[], Finding]
) -> None:
    iam.statements = [statement]

    assert ask().status is Status.PASSED


@pytest.mark.parametrize(
    ("index", "change", "missing"),
    [
        (0, {"Action": ["kms:CreateKey"]}, "kms:TagResource"),
        (0, {"Effect": "Deny"}, "kms:CreateKey, kms:TagResource"),
        (0, {"Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}, "kms:CreateKey"),
        (0, {"Condition": {"StringEquals": HERE, "Bool": {"aws:ViaAWSService": "true"}}}, "kms:"),
        (1, {"Resource": [f"{ACCOUNT}:role/other-*"]}, "iam:PassRole"),
        (1, {"Condition": {"StringEquals": {"iam:PassedToService": []}}}, "iam:PassRole"),
        (
            1,
            {"Condition": {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com"]}}},
            "iam:PassRole",
        ),
    ],
    ids=["action", "denied", "region", "more conditions", "resource", "no service", "one service"],
)
def test_what_is_missing_is_named(
    index: int, change: dict[str, Any], missing: str, iam: Iam, ask: Callable[[], Finding]
) -> None:
    iam.statements[index] |= change

    found = ask()

    assert found.status is Status.FAILED
    assert f"among them {missing}" in found.detail
    assert "docs/start/deploying.md" in found.detail


def test_an_account_without_the_role_is_told(
    iam: Iam, aws: Any, ask: Callable[[], Finding]
) -> None:
    aws.refuse("ListAttachedRolePolicies", "NoSuchEntity")

    assert ask().detail == f"there is no role {ROLE}; remedy: `make bootstrap-commands`"


def test_a_refusal_of_iam_is_no_verdict(iam: Iam, aws: Any, ask: Callable[[], Finding]) -> None:
    aws.refuse("ListAttachedRolePolicies", "AccessDenied")

    with pytest.raises(Exception, match="AccessDenied"):
        ask()
