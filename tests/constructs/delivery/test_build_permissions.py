"""What the library grants by pattern is cut to exact actions; what is not a pattern stays."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.build_permissions import tighten
from mlops_constructs.delivery_site import DeliverySite

if TYPE_CHECKING:
    from aws_cdk import Stack

PLACE = "100000000000-eu-west-1"


@pytest.fixture(scope="module")
def tightened(render: Callable[..., Any], names: Names) -> Callable[..., list[dict[str, Any]]]:
    """The statements that are left of one, in a policy of a build."""
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_s3 as s3

    def statements(**given: Any) -> list[dict[str, Any]]:
        def build(stack: "Stack") -> None:
            bucket = s3.Bucket(stack, "Bucket")
            role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild"))
            role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:x"]))
            role.add_to_policy(iam.PolicyStatement(**given))
            tighten(role, site=DeliverySite(names=names), artifacts=bucket.bucket_arn)

        found: list[dict[str, Any]] = render(build).only("AWS::IAM::Policy")["PolicyDocument"][
            "Statement"
        ]
        return found[1:]

    return statements


def test_patterns_become_the_actions_that_builds_use(
    tightened: Callable[..., list[dict[str, Any]]],
) -> None:
    (left,) = tightened(actions=["s3:GetObject*", "s3:List*", "s3:DeleteObject*"], resources=["b"])

    assert left["Action"] == ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"]


def test_roles_with_a_tag_become_the_delivery_accounts_bootstrap_roles(
    tightened: Callable[..., list[dict[str, Any]]],
) -> None:
    (left,) = tightened(
        actions=["sts:AssumeRole"],
        resources=["arn:*:iam::100000000000:role/*"],
        conditions={
            "ForAnyValue:StringEquals": {"iam:ResourceTag/aws-cdk:bootstrap-role": ["deploy"]}
        },
    )

    assert left == {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Resource": [
            f"arn:aws:iam::100000000000:role/cdk-hnb659fds-{role}-role-{PLACE}"
            for role in ("deploy", "file-publishing", "lookup")
        ],
    }


@pytest.mark.parametrize(
    ("actions", "resource"),
    [
        (["codebuild:CreateReport", "codebuild:CreateReportGroup"], "arn:report"),
        (["logs:PutLogEvents"], "arn:aws:logs:eu-west-1:1:log-group:/aws/codebuild/x"),
        (["codebuild:StartBuild"], "*"),
        (["cloudformation:DescribeStacks", "s3:ListBucket"], "*"),
    ],
    ids=["reports", "other log groups", "any build", "any stack"],
)
def test_what_only_other_pipelines_need_is_gone(
    tightened: Callable[..., list[dict[str, Any]]], actions: list[str], resource: str
) -> None:
    assert tightened(actions=actions, resources=[resource]) == []


def test_an_exact_permission_stays_as_it_is(
    tightened: Callable[..., list[dict[str, Any]]],
) -> None:
    assert tightened(actions=["ecr:PutImage"], resources=["arn:r"]) == [
        {"Effect": "Allow", "Action": ["ecr:PutImage"], "Resource": "arn:r"}
    ]
