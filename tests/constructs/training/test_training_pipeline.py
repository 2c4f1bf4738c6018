"""The compiled definition, bound to a stage, with everything that it names."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops.pipeline import FIND_APPROVED_ARN, FIND_ORIGIN_ARN, ModelSource, graph_of
from mlops.pipeline.steps import JobOutput, TrainedModel
from mlops_constructs.site import Site
from mlops_constructs.training.pipeline_roles import READS
from mlops_constructs.training.training_pipeline import TrainingPipeline

BOUND = (
    "DataUri",
    "CodeUri",
    "SourceHash",
    "Commit",
    "ImageUri",
    "ArtifactsUri",
    "KmsKeyId",
    "ModelPackageGroupName",
    "PreprocessRoleArn",
    "ValidateDataRoleArn",
    "TrainRoleArn",
    "BaselineRoleArn",
    "EvaluateRoleArn",
)


@pytest.fixture(scope="module")
def source(model: ModelSpec, tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    """A definition of one step, large enough to see how it is bound."""
    archive = tmp_path_factory.mktemp("build") / "churn.tar.gz"
    archive.write_bytes(b"code")
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": name, "Type": "String"} for name in BOUND],
        "Steps": [
            {"Name": "FindApproved", "Type": "Lambda", "FunctionArn": FIND_APPROVED_ARN},
            {"Name": "FindOrigin", "Type": "Lambda", "FunctionArn": FIND_ORIGIN_ARN},
            {
                "Name": "Written",
                "Type": "Fail",
                "Arguments": {name: {"Get": f"Parameters.{name}"} for name in BOUND},
            },
        ],
    }
    return ModelSource(
        spec=model,
        folder=archive.parent,
        definition=definition,
        code_archive=Path(archive),
        source_hash="5" * 64,
        image_tag="1" * 16,
    )


@pytest.fixture(scope="module")
def pipeline(
    render: Callable[..., Any],
    site_of: Callable[..., Site],
    key_in: Callable[..., Any],
    source: ModelSource,
) -> Any:
    return render(
        lambda stack: TrainingPipeline(
            stack,
            "Training",
            site=site_of("dev"),
            source=source,
            key=key_in(stack),
            commit="c0ffee",
            starter=None,
        )
    )


@pytest.fixture(scope="module")
def written(pipeline: Any) -> dict[str, str]:
    """What stands in the definition where it referred to each parameter."""
    arguments: dict[str, str] = definition(pipeline)["Steps"][2]["Arguments"]
    return arguments


def definition(pipeline: Any) -> Any:
    parts = pipeline.only("AWS::SageMaker::Pipeline")["PipelineDefinition"]
    texts = parts["PipelineDefinitionBody"]["Fn::Join"][1]
    return json.loads(
        "".join(text if isinstance(text, str) else text["Fn::GetAtt"][0] for text in texts)
    )


def test_the_pipeline_has_the_name_that_others_know(pipeline: Any) -> None:
    assert pipeline.only("AWS::SageMaker::Pipeline")["PipelineName"] == "acme-churn-training"


def test_an_execution_may_choose_other_data_and_nothing_else_that_the_stage_decides(
    pipeline: Any, written: dict[str, str]
) -> None:
    (chosen,) = definition(pipeline)["Parameters"]

    bucket = "acme-dev-artifacts-200000000000-eu-west-1"
    assert chosen["Name"] == "DataUri"
    assert chosen["DefaultValue"] == f"s3://{bucket}/data/churn/{'c' * 16}/churn.csv.gz"
    assert [key for key, value in written.items() if isinstance(value, dict)] == ["DataUri"]


def test_addresses_of_the_stage_are_written_out(written: dict[str, str]) -> None:
    bucket = "acme-dev-artifacts-200000000000-eu-west-1"

    assert written["ArtifactsUri"] == f"s3://{bucket}/models/churn"
    assert written["ImageUri"] == (
        f"100000000000.dkr.ecr.eu-west-1.amazonaws.com/acme/churn:{'1' * 16}"
    )
    assert written["ModelPackageGroupName"] == "acme-churn"
    assert written["KmsKeyId"].startswith("arn:aws:kms:")


def test_what_was_built_from_is_recorded(written: dict[str, str]) -> None:
    assert (written["SourceHash"], written["Commit"]) == ("5" * 64, "c0ffee")


def test_the_code_is_the_published_asset_under_its_gz_key(written: dict[str, str]) -> None:
    assert written["CodeUri"].startswith("s3://cdk-hnb659fds-assets-200000000000-eu-west-1/")
    assert written["CodeUri"].endswith(".gz")


@pytest.mark.parametrize("step", ["Preprocess", "ValidateData", "Train", "Baseline", "Evaluate"])
def test_each_job_runs_as_its_own_role(written: dict[str, str], step: str) -> None:
    assert written[f"{step}RoleArn"].startswith(f"TrainingRoles{step}")


def test_each_placeholder_gives_way_to_its_function(pipeline: Any) -> None:
    approved, origin, _ = definition(pipeline)["Steps"]

    assert approved["FunctionArn"].startswith("TrainingFindApprovedFunction")
    assert origin["FunctionArn"].startswith("TrainingFindOriginFunction")


def test_the_roles_may_read_exactly_what_the_graph_hands_to_each_job(model: ModelSpec) -> None:
    handed = {
        step.name: {
            channel.uri.step
            for channel in step.inputs
            if isinstance(channel.uri, JobOutput | TrainedModel)
        }
        for step in graph_of(model).steps
        if step.name in READS
    }

    assert {step: set(sources) for step, sources in READS.items()} == handed
