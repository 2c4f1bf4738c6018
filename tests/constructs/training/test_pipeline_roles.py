"""One role conducts; each job has its own, which reads its inputs and writes its outputs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops_constructs.site import Site
from mlops_constructs.training.pipeline_roles import PipelineRoles

BUCKET = "arn:aws:s3:::acme-dev-artifacts-200000000000-eu-west-1"


@pytest.fixture(scope="module")
def roles_for(
    render: Callable[..., Any],
    site_of: Callable[..., Site],
    key_in: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., dict[str, Any]]:
    archive = tmp_path_factory.mktemp("code") / "code.tar.gz"
    archive.write_bytes(b"code")

    def roles(model: ModelSpec, *, network: bool = False) -> dict[str, Any]:
        rendered = render(lambda stack: built(stack, model, network=network))
        return {id_.removeprefix("Roles")[:-8]: found for id_, found in rendered.roles().items()}

    def built(stack: Any, model: ModelSpec, *, network: bool) -> None:
        from aws_cdk import aws_lambda as lambda_
        from aws_cdk import aws_s3_assets as s3_assets

        function = "arn:aws:lambda:eu-west-1:200000000000:function:find"
        PipelineRoles(
            stack,
            "Roles",
            site=site_of("dev", network=network),
            model=model,
            key=key_in(stack),
            code=s3_assets.Asset(stack, "Code", path=str(Path(archive))),
            asked=[lambda_.Function.from_function_arn(stack, "Find", function)],
        )

    return roles


@pytest.fixture(scope="module")
def roles(roles_for: Callable[..., dict[str, Any]], model: ModelSpec) -> dict[str, Any]:
    return roles_for(model)


def test_there_is_one_role_for_the_pipeline_and_one_for_each_job(roles: dict[str, Any]) -> None:
    assert sorted(roles) == [
        "Baseline", "Evaluate", "Pipeline", "Preprocess", "Train", "ValidateData",
    ]  # fmt: skip


@pytest.mark.parametrize("step", ["Preprocess", "ValidateData", "Train", "Baseline", "Evaluate"])
def test_a_job_writes_its_own_outputs_only(roles: dict[str, Any], step: str) -> None:
    writing = [s for s in roles[step].values() if "s3:PutObject" in s["Action"]]

    assert [s["Resource"] for s in writing] == [f"{BUCKET}/models/churn/*/{step}/*"]


@pytest.mark.parametrize(
    ("step", "inputs"),
    [
        ("Preprocess", {"ReadCode", "ReadPublishedData"}),
        ("ValidateData", {"ReadCode", "ReadPreprocessOutputs"}),
        ("Train", {"ReadCode", "ReadPreprocessOutputs"}),
        ("Baseline", {"ReadCode", "ReadPreprocessOutputs", "ReadTrainOutputs"}),
        ("Evaluate", {"ReadCode", "ReadPreprocessOutputs", "ReadTrainOutputs"}),
    ],
)
def test_a_job_reads_its_inputs_only(roles: dict[str, Any], step: str, inputs: set[str]) -> None:
    reading = {sid for sid, s in roles[step].items() if s["Action"] == "s3:GetObject"}

    assert reading == inputs


def test_code_is_read_as_one_object_of_the_asset_bucket(roles: dict[str, Any]) -> None:
    resource = roles["Train"]["ReadCode"]["Resource"]

    assert resource.startswith("arn:aws:s3:::cdk-hnb659fds-assets-200000000000-eu-west-1/")
    assert resource.endswith(".gz")


def test_only_the_pipeline_creates_jobs_and_registers(roles: dict[str, Any]) -> None:
    creating = {
        name
        for name, statements in roles.items()
        if any("sagemaker:Create" in json.dumps(s["Action"]) for s in statements.values())
    }

    assert creating == {"Pipeline"}


def test_the_pipeline_passes_the_job_roles_to_sagemaker_only(roles: dict[str, Any]) -> None:
    passing = roles["Pipeline"]["HandOverStepRoles"]

    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert len(passing["Resource"]) == 5
    assert all(set(role) == {"Fn::GetAtt"} for role in passing["Resource"])


def test_the_pipeline_registers_in_its_own_group_and_approves_nothing(
    roles: dict[str, Any],
) -> None:
    statements = roles["Pipeline"]

    prefix = "arn:aws:sagemaker:eu-west-1:200000000000"
    assert statements["RegisterVersions"]["Resource"] == [
        f"{prefix}:model-package-group/acme-churn",
        f"{prefix}:model-package/acme-churn/*",
    ]
    assert "UpdateModelPackage" not in json.dumps(statements)


def test_the_pipeline_reads_what_a_version_refers_to(roles: dict[str, Any]) -> None:
    reading = {sid for sid, s in roles["Pipeline"].items() if s["Action"] == "s3:GetObject"}

    assert reading == {"ReadTrainOutputs", "ReadEvaluateOutputs", "ReadBaselineOutputs"}


def test_no_role_uses_a_wildcard_action(roles: dict[str, Any]) -> None:
    granted = [s["Action"] for statements in roles.values() for s in statements.values()]

    assert "*" not in json.dumps(granted)


def test_without_a_network_nobody_touches_ec2(roles: dict[str, Any]) -> None:
    assert "ec2:" not in json.dumps(roles)


def test_with_a_network_the_jobs_join_it_and_the_pipeline_does_not(
    roles_for: Callable[..., dict[str, Any]], model: ModelSpec
) -> None:
    roles = roles_for(model, network=True)

    joining = {name for name, statements in roles.items() if "ec2:" in json.dumps(statements)}
    assert joining == {"Baseline", "Evaluate", "Preprocess", "Train", "ValidateData"}


def test_data_elsewhere_is_read_as_the_one_object_of_the_contract(
    roles_for: Callable[..., dict[str, Any]], model: ModelSpec
) -> None:
    data = model.data.model_copy(update={"uri": "s3://lake/churn/2026.csv.gz"})

    roles = roles_for(model.model_copy(update={"data": data}))

    assert roles["Preprocess"]["ReadDataSource"]["Resource"] == (
        "arn:aws:s3:::lake/churn/2026.csv.gz"
    )
    assert "ReadDataSource" not in roles["Train"]
