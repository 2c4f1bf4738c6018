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
