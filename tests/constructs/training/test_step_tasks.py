"""The function behind a step can do what its task says, and write one log."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.site import Site
from mlops_constructs.training.find_approved import find_approved
from mlops_constructs.training.find_origin import find_origin

KEY = "arn:aws:kms:eu-west-1:200000000000:key/0"


@pytest.fixture(scope="module")
def rendered(
    render: Callable[..., Any], site_of: Callable[..., Site], key_in: Callable[..., Any]
) -> Callable[[Callable[[Any], Task]], Any]:
    def made(task_in: Callable[[Any], Task]) -> Any:
        return render(
            lambda stack: PlatformFunction(
                stack,
                "Find",
                site=site_of("dev"),
                model="churn",
                task=task_in(stack),
                archive=None,
                key=key_in(stack),
            )
        )

    return made


@pytest.fixture(scope="module")
def find(rendered: Callable[..., Any], site_of: Callable[..., Site], model: ModelSpec) -> Any:
    return rendered(lambda _: find_approved(site_of("dev"), model))


@pytest.fixture(scope="module")
def origin(rendered: Callable[..., Any], site_of: Callable[..., Site], model: ModelSpec) -> Any:
    def task(stack: Any) -> Task:
        from aws_cdk import aws_iam as iam

        starter = iam.Role.from_role_arn(stack, "By", "arn:aws:iam::200000000000:role/starter")
        return find_origin(site_of("dev"), model, key_arn=KEY, starter=starter)

    return rendered(task)


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


def test_the_origin_is_read_of_one_pipelines_executions_and_one_file_each(origin: Any) -> None:
    (statements,) = origin.roles().values()

    assert {sid: s["Resource"] for sid, s in statements.items() if sid != "WriteTheLog"} == {
        "SeeTheExecution": (
            "arn:aws:sagemaker:eu-west-1:200000000000:pipeline/acme-churn-training/execution/*"
        ),
        "ReadTheRecord": (
            "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1"
            "/models/churn/*/Preprocess/read/data.json"
        ),
        "DecryptTheRecord": KEY,
    }
    assert statements["SeeTheExecution"]["Action"] == "sagemaker:DescribePipelineExecution"


def test_the_origin_knows_the_role_that_starts_trainings(origin: Any) -> None:
    variables = origin.only("AWS::Lambda::Function")["Environment"]["Variables"]

    assert variables == {"STARTER_ROLE": "starter"}
