"""What a template says about permissions, read as IAM would store it."""

from typing import Any

import pytest

from mlops.rehearsal.local_aws.intrinsics import Intrinsics, Place
from tests.iam.templates import Held, Located

PLACE = Place(account="222222222222", region="eu-west-1", stack="acme")
ROLE = "arn:aws:iam::222222222222:role/acme-role"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::ImportValue": "bucket"}}
RESOLVED = {**READ, "Resource": "arn of bucket"}


def located(**resources: dict[str, Any]) -> Located:
    template = {"Resources": resources}
    values = Intrinsics(template=template, place=PLACE, imported=lambda name: f"arn of {name}")
    return Located(template=template, values=values, constructs={id_: id_ for id_ in resources})


def resource(type_: str, **properties: Any) -> dict[str, Any]:
    return {"Type": type_, "Properties": properties}


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(**properties: Any) -> dict[str, Any]:
    return resource("AWS::IAM::Role", AssumeRolePolicyDocument=document(), **properties)


@pytest.mark.parametrize(
    "resources",
    [
        {"Role": role(Policies=[{"PolicyName": "p", "PolicyDocument": document(READ)}])},
        {
            "Role": role(),
            "P": resource(
                "AWS::IAM::Policy", PolicyDocument=document(READ), Roles=[{"Ref": "Role"}]
            ),
        },
    ],
    ids=["inline", "beside the role"],
)
def test_a_role_holds_its_statements_wherever_they_stand(resources: dict[str, Any]) -> None:
    assert list(located(**resources).held()) == [Held(holder=ROLE, kind="identity", body=RESOLVED)]


def test_a_managed_policy_holds_its_own_and_is_attached() -> None:
    template = located(
        Role=role(ManagedPolicyArns=[{"Ref": "Mine"}, "arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        Mine=resource("AWS::IAM::ManagedPolicy", PolicyDocument=document(READ)),
        Other=resource(
            "AWS::IAM::ManagedPolicy", PolicyDocument=document(), Roles=[{"Ref": "Role"}]
        ),
    )

    mine = "arn:aws:iam::222222222222:policy/acme-mine"
    assert [held.holder for held in template.held()] == [mine]
    assert list(template.attached()) == [
        (ROLE, mine),
        (ROLE, "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        (ROLE, "arn:aws:iam::222222222222:policy/acme-other"),
    ]


def test_what_guards_a_resource_is_held_by_the_resource() -> None:
    template = located(
        Bucket=resource("AWS::S3::Bucket", BucketName="data"),
        Policy=resource(
            "AWS::S3::BucketPolicy", Bucket={"Ref": "Bucket"}, PolicyDocument=document(READ)
        ),
        Key=resource("AWS::KMS::Key", KeyPolicy=document(READ)),
    )

    holders = {held.holder for held in template.held() if held.kind == "resource"}

    assert holders == {"arn:aws:s3:::data", template.values.arn("Key")}


def test_who_may_act_as_a_role_is_the_roles_trust() -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "a.b"}}
    template = located(Role=resource("AWS::IAM::Role", AssumeRolePolicyDocument=document(trust)))

    assert list(template.held()) == [Held(holder=ROLE, kind="trust", body=trust)]


def test_a_permission_of_a_function_limits_the_service_by_what_it_names() -> None:
    template = located(
        Function=resource("AWS::Lambda::Function", FunctionName="f"),
        Permission=resource(
            "AWS::Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName={"Fn::GetAtt": ["Function", "Arn"]},
            Principal="events.amazonaws.com",
            SourceArn="arn:aws:events:eu-west-1:222222222222:rule/r",
        ),
    )

    (held,) = template.held()

    assert held.holder == "arn:aws:lambda:eu-west-1:222222222222:function:f"
    assert held.body["Principal"] == {"Service": "events.amazonaws.com"}
    assert held.body["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:events:eu-west-1:222222222222:rule/r"}
    }


def test_a_boundary_is_the_roles() -> None:
    boundary = "arn:aws:iam::222222222222:policy/guard"

    template = located(Role=role(PermissionsBoundary=boundary))

    assert list(template.boundaries()) == [(ROLE, boundary)]


def test_a_holder_that_nobody_can_find_is_told() -> None:
    policy = resource("AWS::IAM::Policy", PolicyDocument=document(READ), Roles=["by-name"])

    with pytest.raises(ValueError, match="by-name is neither a reference nor an ARN"):
        list(located(Policy=policy).held())
