from collections.abc import Callable
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops.contract import Names
from mlops_constructs.foreign_roles import name_by_condition

DEPLOYING = "arn:aws:iam::200000000000:role/cdk-deploy"
OTHER = "arn:aws:iam::300000000000:role/cdk-deploy"


def statements_of(
    render: Callable[..., Any], names: Names, *principals: iam.IPrincipal
) -> list[dict[str, Any]]:
    def build(stack: Any) -> None:
        key = kms.Key(stack, "Key", enable_key_rotation=True)
        for principal in principals:
            key.grant_decrypt(principal)
        resource = key.node.default_child
        assert isinstance(resource, kms.CfnKey)
        name_by_condition(resource, names)

    (found,) = render(build).all("AWS::KMS::Key")
    policy: list[dict[str, Any]] = found["KeyPolicy"]["Statement"]
    return policy[1:]  # the owner's comes first


def test_a_role_of_another_account_is_known_by_its_name(
    render: Callable[..., Any], names: Names
) -> None:
    (found,) = statements_of(render, names, iam.ArnPrincipal(DEPLOYING), iam.ArnPrincipal(OTHER))

    assert found["Principal"] == {
        "AWS": ["arn:aws:iam::200000000000:root", "arn:aws:iam::300000000000:root"]
    }
    assert found["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [DEPLOYING, OTHER]}}


def test_who_is_no_role_of_another_account_is_named_as_before(
    render: Callable[..., Any], names: Names
) -> None:
    account = iam.AccountPrincipal("200000000000")

    found = statements_of(render, names, account, iam.ArnPrincipal(OTHER))

    assert [one["Principal"]["AWS"] for one in found] == [
        ["arn:aws:iam::200000000000:root"],
        ["arn:aws:iam::300000000000:root"],
    ]
    assert [one.get("Condition") for one in found] == [
        None,
        {"ArnEquals": {"aws:PrincipalArn": [OTHER]}},
    ]


def test_a_condition_that_is_there_stays(render: Callable[..., Any], names: Names) -> None:
    through = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    principal = iam.PrincipalWithConditions(iam.ArnPrincipal(DEPLOYING), through)

    (found,) = statements_of(render, names, principal)

    assert found["Condition"] == through | {"ArnEquals": {"aws:PrincipalArn": [DEPLOYING]}}


def test_a_role_of_another_account_is_a_member_of_the_organization(
    render: Callable[..., Any], names: Names
) -> None:
    through = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    principal = iam.PrincipalWithConditions(iam.ArnPrincipal(DEPLOYING), through)
    stages = names.stages.model_copy(update={"organization": "o-exampleorgid"})

    (found,) = statements_of(render, Names(stages=stages), principal)

    assert found["Condition"] == {
        "StringEquals": {**through["StringEquals"], "aws:PrincipalOrgID": "o-exampleorgid"},
        "ArnEquals": {"aws:PrincipalArn": [DEPLOYING]},
    }
