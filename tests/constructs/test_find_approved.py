"""The function can read one group and write one log."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops_constructs.find_approved import FindApproved
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def find(
    render: Callable[..., Any],
    site_of: Callable[..., Site],
    key_in: Callable[..., Any],
    model: ModelSpec,
) -> Any:
    return render(
        lambda stack: FindApproved(
            stack, "Find", site=site_of("dev"), model=model, key=key_in(stack)
        )
    )


def test_the_function_runs_its_handler_outside_of_any_network(find: Any) -> None:
    function = find.only("AWS::Lambda::Function")

    assert function["Handler"] == "find_approved.handler"
    assert "VpcConfig" not in function
    assert "Ref" in function["LoggingConfig"]["LogGroup"]


def test_the_function_reads_one_group_and_one_repository_and_writes_one_log(find: Any) -> None:
    (statements,) = find.roles().values()

    assert statements["ReadTheGroup"]["Action"] == [
        "sagemaker:DescribeModelPackage",
        "sagemaker:ListModelPackages",
    ]
    assert [r.split(":")[-1] for r in statements["ReadTheGroup"]["Resource"]] == [
        "model-package-group/acme-churn",
        "model-package/acme-churn/*",
    ]
    assert "Fn::GetAtt" in statements["WriteTheLog"]["Resource"]
    assert statements["FindTheImage"] == {
        "Sid": "FindTheImage",
        "Effect": "Allow",
        "Action": "ecr:DescribeImages",
        "Resource": "arn:aws:ecr:eu-west-1:100000000000:repository/acme/churn",
    }
    assert sorted(statements) == ["FindTheImage", "ReadTheGroup", "WriteTheLog"]


def test_no_permission_is_added_behind_the_roles_back(find: Any) -> None:
    assert find.all("AWS::IAM::Policy") == []
    assert "ManagedPolicyArns" not in find.only("AWS::IAM::Role")
