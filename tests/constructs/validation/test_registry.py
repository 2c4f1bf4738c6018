import copy
from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import registry

Details = Callable[..., list[str]]
GROUP: dict[str, Any] = {
    "Type": "AWS::SageMaker::ModelPackageGroup",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {"ModelPackageGroupName": "a", "ModelPackageGroupDescription": "Versions of a"},
}


def template(**changes: object) -> dict[str, Any]:
    return {"Resources": {"It": copy.deepcopy(GROUP) | changes}}


@pytest.mark.parametrize("rule", registry.RULES, ids=lambda rule: rule.id)
def test_a_valid_group_breaks_no_rule(rule: Any, details: Details) -> None:
    assert details(rule, template()) == []


@pytest.mark.parametrize("policy", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_a_group_that_goes_with_its_stack_is_found(policy: str, details: Details) -> None:
    assert details(registry.groups_are_retained, template(**{policy: "Delete"})) == ["it is Delete"]


@pytest.mark.parametrize("key", ["ModelPackageGroupName", "ModelPackageGroupDescription"])
def test_a_group_whose_text_is_not_written_out_is_found(key: str, details: Details) -> None:
    properties = GROUP["Properties"] | {key: {"Ref": "Commit"}}

    assert details(registry.groups_are_constant, template(Properties=properties)) == [
        "it is not written out"
    ]


def updating(action: str = "sagemaker:UpdateModelPackage", **condition: Any) -> Any:
    statement = {"Effect": "Allow", "Action": [action], "Resource": "*"}
    conditioned = statement | ({"Condition": condition} if condition else {})
    document = {"Statement": [conditioned]}
    properties = {"Policies": [{"PolicyDocument": document}]}
    return {"Resources": {"It": {"Type": "AWS::IAM::Role", "Properties": properties}}}


def test_a_role_may_reject(details: Details) -> None:
    equal = {"sagemaker:modelApprovalStatus": "Rejected"}

    assert details(registry.people_alone_approve, updating(StringEquals=equal)) == []
    assert details(registry.people_alone_approve, updating("sagemaker:UpdateModel")) == []


def test_a_role_may_register_what_waits_for_a_decision(details: Details) -> None:
    equal = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    registering = updating("sagemaker:CreateModelPackage", StringEquals=equal)

    assert details(registry.people_alone_approve, registering) == []


def test_a_role_that_lets_others_approve_is_found(details: Details) -> None:
    opening = updating("sagemaker:PutModelPackageGroupPolicy")

    assert details(registry.people_alone_approve, opening) == ["it may let anybody approve"]


@pytest.mark.parametrize(
    "template",
    [
        updating(),
        updating("sagemaker:Update*"),
        updating("SAGEMAKER:updatemodelpackage"),
        updating(StringEquals={"sagemaker:ModelApprovalStatus": ["Rejected", "Approved"]}),
        updating(StringEqualsIfExists={"sagemaker:ModelApprovalStatus": "Rejected"}),
        updating(StringNotEquals={"sagemaker:ModelApprovalStatus": "Rejected"}),
        updating(StringEquals={"aws:RequestedRegion": "eu-west-1"}),
        updating("sagemaker:CreateModelPackage"),
        updating("sagemaker:Create*"),
        updating("sagemaker:CreateModelPackag?"),
        updating(
            "sagemaker:CreateModelPackage",
            StringEquals={"sagemaker:ModelApprovalStatus": {"Ref": "Status"}},
        ),
    ],
    ids=[
        "none",
        "pattern",
        "case",
        "both",
        "if exists",
        "the contrary",
        "another key",
        "creates",
        "creates by a pattern",
        "creates by a sign",
        "a status that deployment decides",
    ],
)
def test_a_role_that_could_approve_is_found(template: Any, details: Details) -> None:
    assert details(registry.people_alone_approve, template) == ["it may set any approval status"]


def test_a_group_that_lets_another_account_approve_is_found(details: Details) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sagemaker:UpdateModelPackage",
        "Principal": {"AWS": "111111111111"},
        "Resource": "*",
    }
    properties = GROUP["Properties"] | {"ModelPackageGroupPolicy": {"Statement": [statement]}}

    assert details(registry.people_alone_approve, template(Properties=properties)) == [
        "it may set any approval status"
    ]
