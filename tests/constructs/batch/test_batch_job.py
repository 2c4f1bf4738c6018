"""A batch runs the pinned version in isolation, and each of its roles may do little."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import BatchSpec, ModelSpec
from mlops_constructs.batch.batch_job import BatchJob
from mlops_constructs.release import Release

ARTIFACTS = "arn:aws:s3:::acme-prod-artifacts-400000000000-eu-west-1"
CAPTURES = "arn:aws:s3:::acme-prod-captures-400000000000-eu-west-1"
BATCH = BatchSpec(on_new_input=True, max_payload_mb=4, instance_count=2)


@pytest.fixture(scope="module")
def job_of(
    render: Callable[..., Any], key_in: Callable[..., Any], handlers: Path
) -> Callable[..., Any]:
    def job(release: Release) -> Any:
        return render(
            lambda stack: BatchJob(
                stack, "Job", release=release, batch=BATCH, archive=handlers, key=key_in(stack)
            )
        )

    return job


@pytest.fixture(scope="module")
def job(job_of: Callable[..., Any], release_of: Callable[..., Release]) -> Any:
    return job_of(release_of(network=True))


def role(job: Any, sid: str) -> dict[str, Any]:
    """Statements of the one role that has this statement."""
    (found,) = (statements for statements in job.roles().values() if sid in statements)
    statements: dict[str, Any] = found
    return statements


def test_the_pinned_package_runs_isolated_and_unnamed_in_the_stages_network(job: Any) -> None:
    model = job.only("AWS::SageMaker::Model")

    (container,) = model["Containers"]
    assert container["ModelPackageName"].endswith(":model-package/acme-churn/3")
    assert model["EnableNetworkIsolation"] is True
    assert len(model["VpcConfig"]["Subnets"]) == 2
    assert "ModelName" not in model


def test_the_container_takes_requests_as_long_as_the_job_sends_them(job: Any) -> None:
    (container,) = job.only("AWS::SageMaker::Model")["Containers"]

    assert container["Environment"] == {
        "MODEL_CONTENT": "unrecorded",
        "MODEL_VERSION": "3",
        "MAX_BODY_BYTES": str(4 * 1024 * 1024),
        "MAX_ROWS": str(4 * 1024 * 1024),
        "MODEL_STUCK_SECONDS": "600",
    }


def test_the_pipeline_runs_that_model(job: Any) -> None:
    pipeline = job.only("AWS::SageMaker::Pipeline")
    body = json.dumps(pipeline["PipelineDefinition"]["PipelineDefinitionBody"])

    (model,) = (id_ for id_, r in job.resources.items() if r["Type"] == "AWS::SageMaker::Model")
    assert pipeline["PipelineName"] == "acme-prod-churn-batch"
    assert json.dumps({"Fn::GetAtt": [model, "ModelName"]}) in body


def test_the_model_reads_its_files_and_writes_answers_alone(job: Any) -> None:
    working = role(job, "ReadInputs")

    assert working["ReadInputs"]["Resource"] == f"{ARTIFACTS}/batch/churn/input/*"
    assert working["ReadManifests"]["Resource"] == f"{ARTIFACTS}/batch/churn/runs/*"
    assert working["WriteOutputs"]["Resource"] == f"{ARTIFACTS}/batch/churn/output/*"
    assert working["ReadModels"]["Resource"].endswith("/models/churn/*/Train/*")
    assert "CreateInterfaces" in working


def test_finding_reads_no_file_and_writes_no_answer(job: Any) -> None:
    finding = role(job, "ListTheFiles")

    assert finding["TakeAndList"]["Resource"] == [
        f"{ARTIFACTS}/batch/churn/runs/*",
        f"{ARTIFACTS}/batch/churn/taken/*",
    ]
    assert finding["ListTheFiles"]["Condition"] == {
        "StringLike": {"s3:prefix": ["batch/churn/input/*", "batch/churn/taken/*"]}
    }
    assert not [one for one in finding.values() if "s3:GetObject" in one["Action"]]


def test_capturing_writes_beside_the_endpoints_requests(job: Any) -> None:
    capturing = role(job, "ReadAnswers")

    assert capturing["ReadAnswers"]["Resource"] == f"{ARTIFACTS}/batch/churn/output/*"
    home = f"{CAPTURES}/churn/acme-prod-churn/AllTraffic"
    assert capturing["WriteOutputs"]["Resource"] == f"{home}/*/batch-*"
    for statements in (capturing, role(job, "ListTheFiles")):
        assert statements["PublishTheFigures"]["Condition"] == {
            "StringEquals": {"cloudwatch:namespace": "Mlops/Batch"}
        }


def test_the_pipelines_role_runs_transform_jobs_and_hands_no_role_over(job: Any) -> None:
    conducting = role(job, "RunTheJob")

    assert sorted(conducting) == ["CallTheFunctions", "RunTheJob"]
    assert conducting["RunTheJob"]["Resource"].endswith(":transform-job/pipelines-*")
    assert len(conducting["CallTheFunctions"]["Resource"]) == 2


def test_the_pipelines_role_runs_jobs_of_its_own_model_alone(job: Any) -> None:
    condition = role(job, "RunTheJob")["RunTheJob"]["Condition"]

    (model,) = (id_ for id_, r in job.resources.items() if r["Type"] == "AWS::SageMaker::Model")
    place = "arn:aws:sagemaker:eu-west-1:400000000000:model/"
    arn = {"Fn::Join": ["", [place, {"Fn::GetAtt": [model, "ModelName"]}]]}
    assert condition == {"StringEqualsIgnoreCaseIfExists": {"sagemaker:ModelArn": arn}}


def test_what_is_not_monitored_is_not_captured(
    job_of: Callable[..., Any], release_of: Callable[..., Release]
) -> None:
    given = release_of()
    changed = given.model.model_dump(mode="json", by_alias=True) | {
        "monitoring": {"engine": "none"}
    }

    unmonitored = job_of(replace(given, model=ModelSpec.model_validate(changed)))

    handlers = [one["Handler"] for one in unmonitored.all("AWS::Lambda::Function")]
    assert [handler.split(".")[-2] for handler in handlers] == ["find_input"]
    assert "Capture" not in json.dumps(unmonitored.only("AWS::SageMaker::Pipeline"))
