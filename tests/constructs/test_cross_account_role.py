"""One role of another account, by its exact ARN, and nobody else there."""

from collections.abc import Callable
from typing import Any

from mlops.contract import Names
from mlops_constructs.cross_account_role import cross_account_role
from mlops_constructs.permission import Permission

TRUSTED = "arn:aws:iam::100000000000:role/acme-release-automation"


def test_the_account_is_the_principal_and_the_condition_names_the_role(
    render: Callable[..., Any], names: Names
) -> None:
    look = Permission(sid="Look", actions=["sqs:ListQueues"], resources=["arn:aws:sqs:::x"])
    arn = "arn:aws:iam::200000000000:role/acme-dev-looker"

    rendered = render(
        lambda stack: cross_account_role(
            stack, "Role", names=names, arn=arn, trusted=TRUSTED, permissions=[look]
        )
    )

    role = rendered.only("AWS::IAM::Role")
    assert role["RoleName"] == "acme-dev-looker"
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::100000000000:root"},
            "Condition": {"ArnEquals": {"aws:PrincipalArn": TRUSTED}},
        }
    ]
    (statements,) = rendered.roles().values()
    assert list(statements) == ["Look"]
