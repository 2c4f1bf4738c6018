import copy
from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import iam

Details = Callable[..., list[str]]
One = Callable[..., dict[str, Any]]
PERMISSION = {
    "Sid": "Read",
    "Effect": "Allow",
    "Action": ["s3:GetObject"],
    "Resource": "arn:aws:s3:::data/churn/*",
}
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
}


def role(permission: dict[str, Any] | None = None, trust: dict[str, Any] | None = None) -> Any:
    properties = {
        "AssumeRolePolicyDocument": {"Statement": [trust or TRUST]},
        "Policies": [{"PolicyDocument": {"Statement": permission or PERMISSION}}],
    }
    return {"Resources": {"It": {"Type": "AWS::IAM::Role", "Properties": properties}}}


def bucket_policy(**changes: object) -> Any:
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "*",
        "Principal": {"AWS": "111111111111"},
    }
    document = {"Statement": [statement | changes]}
    properties = {"Bucket": {"Ref": "Data"}, "PolicyDocument": document}
    return {"Resources": {"It": {"Type": "AWS::S3::BucketPolicy", "Properties": properties}}}


def key(principal: object, action: str = "kms:*") -> Any:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", "Principal": principal}
    properties = {"KeyPolicy": {"Statement": [statement]}}
    return {"Resources": {"It": {"Type": "AWS::KMS::Key", "Properties": properties}}}


@pytest.mark.parametrize("rule", iam.RULES, ids=lambda rule: rule.id)
def test_a_valid_role_breaks_no_rule(rule: Any, details: Details) -> None:
    assert details(rule, role()) == []


@pytest.mark.parametrize("rule", iam.RULES, ids=lambda rule: rule.id)
def test_a_denial_breaks_no_rule(rule: Any, details: Details) -> None:
    everything = {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "*"}

    assert details(rule, role(everything)) == []
    assert details(rule, bucket_policy(**everything)) == []


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:**", "*:*"])
def test_a_whole_service_is_found(action: str, details: Details) -> None:
    template = role(PERMISSION | {"Action": [action, "s3:GetObject"]})

    assert details(iam.actions_are_listed, template) == [f"it allows {action}"]


def test_a_verb_prefix_is_allowed(details: Details) -> None:
    assert details(iam.actions_are_listed, role(PERMISSION | {"Action": "s3:Get*"})) == []


def test_the_account_may_administer_its_key(details: Details) -> None:
    root = "arn:aws:iam::111111111111:root"
    token = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::111111111111:root"]]}

    assert details(iam.actions_are_listed, key({"AWS": root})) == []
    assert details(iam.actions_are_listed, key({"AWS": token})) == []


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "arn:aws:iam::111111111111:role/admin"},
        {"AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"]},
        {"Service": "logs.eu-west-1.amazonaws.com"},
        "*",
    ],
)
def test_nobody_else_may_do_everything_with_a_key(principal: object, details: Details) -> None:
    assert details(iam.actions_are_listed, key(principal)) == ["it allows kms:*"]


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:GetObject", "kms:Decrypt", "iam:PassRole"])
def test_a_permission_on_every_resource_is_found(action: str, details: Details) -> None:
    template = role(PERMISSION | {"Action": action, "Resource": "*"})

    assert details(iam.resources_are_named, template) == [f"{action} on every resource"]


@pytest.mark.parametrize(
    "action", ["ec2:DescribeVpcs", "s3:ListAllMyBuckets", *iam.WITHOUT_RESOURCE]
)
def test_an_action_that_knows_no_resource_may_stand_on_all(action: str, details: Details) -> None:
    template = role(PERMISSION | {"Action": action, "Resource": "*"})

    assert details(iam.resources_are_named, template) == []


@pytest.mark.parametrize(
    "name", ["AmazonSageMakerFullAccess", "AdministratorAccess", "PowerUserAccess"]
)
def test_a_broad_managed_policy_is_found(name: str, details: Details) -> None:
    template = role()
    arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::aws:policy/{name}"]]}
    template["Resources"]["It"]["Properties"]["ManagedPolicyArns"] = [arn]

    assert details(iam.no_broad_managed_policy, template) == [
        f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"
    ]


def test_a_narrow_managed_policy_is_allowed(details: Details) -> None:
    template = role()
    arns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
    template["Resources"]["It"]["Properties"]["ManagedPolicyArns"] = arns

    assert details(iam.no_broad_managed_policy, template) == []


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["111111111111", "*"]}])
def test_a_resource_open_to_everybody_is_found(principal: object, details: Details) -> None:
    assert len(details(iam.principals_are_named, bucket_policy(Principal=principal))) == 1


def test_a_condition_that_limits_nothing_is_found(details: Details) -> None:
    condition = {"StringLike": {"aws:PrincipalOrgID": "*"}}

    template = bucket_policy(Principal="*", Condition=condition)

    assert len(details(iam.principals_are_named, template)) == 1


def test_everybody_of_an_organization_is_somebody(details: Details) -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}

    assert (
        details(iam.principals_are_named, bucket_policy(Principal="*", Condition=condition)) == []
    )


PASS_ROLE = PERMISSION | {
    "Action": "iam:PassRole",
    "Resource": {"Fn::GetAtt": ["Job", "Arn"]},
    "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
}


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 0),
        ({"Resource": "arn:aws:iam::111111111111:role/*"}, 1),
        ({"Condition": {}}, 1),
        ({"Condition": {"StringLike": {"iam:PassedToService": "*"}}}, 1),
        ({"Resource": "*", "Condition": {}}, 2),
    ],
)
def test_roles_are_handed_over_by_name_to_one_service(
    change: dict[str, Any], count: int, details: Details
) -> None:
    assert len(details(iam.passed_roles_are_named, role(PASS_ROLE | change))) == count


def test_a_trust_for_any_account_is_found(details: Details) -> None:
    trust = copy.deepcopy(TRUST)
    del trust["Condition"]

    assert details(iam.trust_names_account, role(trust=trust)) == [
        "sagemaker.amazonaws.com may act for any account"
    ]


def test_a_trust_in_an_account_needs_no_source(details: Details) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}

    assert details(iam.trust_names_account, role(trust=trust)) == []


@pytest.mark.parametrize("key", ["NotAction", "NotResource", "NotPrincipal"])
def test_a_negation_is_found(key: str, details: Details) -> None:
    assert details(iam.nothing_is_negated, role(PERMISSION | {key: "x"})) == [f"it uses {key}"]


SERVICE = {"Service": "events.amazonaws.com"}


def test_a_resource_open_to_a_service_is_found(details: Details) -> None:
    assert details(iam.services_name_account, bucket_policy(Principal=SERVICE)) == [
        "events.amazonaws.com may act for any account"
    ]


@pytest.mark.parametrize(
    "key", ["aws:SourceAccount", "AWS:SourceArn", "kms:EncryptionContext:aws:logs:arn"]
)
def test_a_resource_open_to_a_service_for_one_account_is_allowed(
    key: str, details: Details
) -> None:
    template = bucket_policy(Principal=SERVICE, Condition={"ArnLike": {key: "x"}})

    assert details(iam.services_name_account, template) == []


@pytest.mark.parametrize(
    ("limit", "count"), [({}, 1), ({"SourceArn": "a"}, 0), ({"SourceAccount": "1"}, 0)]
)
def test_a_function_is_invoked_for_one_account(
    limit: dict[str, str], count: int, one: One, details: Details
) -> None:
    template = one("AWS::Lambda::Permission", Principal="events.amazonaws.com", **limit)

    assert len(details(iam.services_name_account, template)) == count


ROOT = "arn:aws:iam::111111111111:root"
ONE = "arn:aws:iam::111111111111:role/acme-release-automation"


def trusting(principal: object = ROOT, /, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    return statement | ({"Condition": condition} if condition else {})


@pytest.mark.parametrize(
    "trust",
    [
        trusting(ArnEquals={"aws:PrincipalArn": ONE}),
        trusting("111111111111", StringEquals={"AWS:principalarn": [ONE]}),
        trusting(ONE),
    ],
    ids=["arn", "text", "the role itself"],
)
def test_one_role_of_another_account_may_assume(trust: dict[str, Any], details: Details) -> None:
    assert details(iam.trust_names_principal, role(trust=trust)) == []


@pytest.mark.parametrize(
    "trust",
    [
        trusting(),
        trusting("111111111111"),
        trusting({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ROOT[7:]]]}),
        trusting(ArnEquals={"aws:PrincipalArn": "arn:aws:iam::111111111111:role/acme-*"}),
        trusting(StringEquals={"aws:PrincipalArn": [ONE, "arn:aws:iam::111111111111:role/?"]}),
        trusting(ArnNotEquals={"aws:PrincipalArn": ONE}),
        trusting(ArnEqualsIfExists={"aws:PrincipalArn": ONE}),
        trusting(StringEquals={"aws:PrincipalAccount": "111111111111"}),
        trusting([ROOT, ONE]),
    ],
    ids=["none", "id", "token", "pattern", "mark", "not", "if exists", "account", "beside a role"],
)
def test_an_account_that_is_trusted_as_a_whole_is_found(
    trust: dict[str, Any], details: Details
) -> None:
    (detail,) = details(iam.trust_names_principal, role(trust=trust))

    assert detail.endswith("without one exact principal")
