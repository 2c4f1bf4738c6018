"""The drift job knows everything from its environment, and each of its roles may do little."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops.pipeline import ModelSource
from mlops_constructs.monitoring.drift_job import DriftJob, job_settings
from mlops_constructs.release import Release

CAPTURES = "arn:aws:s3:::acme-prod-captures-400000000000-eu-west-1"
LABELS = {"delay_days": 2, "prediction": "probability", "probability": "probability"}
LIMIT = {"metric": "accuracy", "comparison": "at_least", "threshold": 0.8}


@pytest.fixture(scope="module")
def release(release_of: Callable[..., Release]) -> Release:
    from dataclasses import replace

    given = release_of()
    monitoring = {"window_days": 7, "labels": LABELS, "limits": [LIMIT]}
    changed = given.model.model_dump(mode="json", by_alias=True) | {"monitoring": monitoring}
    return replace(given, model=ModelSpec.model_validate(changed))


@pytest.fixture(scope="module")
def job(
    render: Callable[..., Any],
    key_in: Callable[..., Any],
    release: Release,
    handlers: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    archive = tmp_path_factory.mktemp("build") / "churn.tar.gz"
    archive.write_bytes(b"code")
    source = ModelSource(
        spec=release.model,
        folder=archive.parent,
        definition={},
        code_archive=archive,
        source_hash="5" * 64,
        image_tag="1" * 16,
    )
    return render(
        lambda stack: DriftJob(
            stack, "Job", release=release, source=source, archive=handlers, key=key_in(stack)
        )
    )


def role(job: Any, sid: str) -> dict[str, Any]:
    """Statements of the one role that has this statement."""
    (found,) = (statements for statements in job.roles().values() if sid in statements)
    statements: dict[str, Any] = found
    return statements


def test_the_functions_are_told_where_everything_is(job: Any) -> None:
    by_handler = {
        function["Handler"].split(".")[-2]: function["Environment"]["Variables"]
        for function in job.all("AWS::Lambda::Function")
    }

    found = by_handler["find_window"]
    assert found["CAPTURES"] == "churn/acme-prod-churn/AllTraffic"
    assert found["GROUND_TRUTH"] == "ground-truth/acme-prod-churn"
    assert found["PACKAGE"].endswith("model-package/acme-churn/3")
    assert (found["WINDOW_DAYS"], found["LABEL_DELAY_DAYS"]) == ("7", "2")
    assert by_handler["publish_drift"]["TRAINING_BUS"] == (
        "arn:aws:events:eu-west-1:200000000000:event-bus/acme-training"
    )


def test_the_job_is_told_what_the_contract_says(release: Release) -> None:
    settings = job_settings(release)

    assert settings["about"] == {"model": "churn", "stage": "prod", "version": "3"}
    assert settings["outcome"] == {"prediction": "probability", "probability": "probability"}
    assert settings["settings"]["limits"] == [LIMIT]
    assert settings["expected_requests"] == 7 * 24 * 60 * 300
    assert settings["captured_share"] == 1.0
    assert json.loads(json.dumps(settings)) == settings


def test_a_model_without_labels_has_no_outcome(release_of: Callable[..., Release]) -> None:
    assert "outcome" not in job_settings(release_of())


def test_the_pipeline_is_named_for_the_stage_and_its_role_starts_this_job_only(job: Any) -> None:
    pipeline = job.only("AWS::SageMaker::Pipeline")
    conducting = role(job, "RunTheJob")

    assert pipeline["PipelineName"] == "acme-prod-churn-drift"
    assert conducting["HandOverTheJobsRole"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert "*" not in json.dumps(conducting["HandOverTheJobsRole"]["Resource"])
    assert len(conducting["CallTheFunctions"]["Resource"]) == 2


def test_the_job_reads_its_own_models_captures_and_writes_reports_alone(job: Any) -> None:
    working = role(job, "ReadCaptures")

    assert working["ReadCaptures"]["Resource"] == f"{CAPTURES}/churn/acme-prod-churn/*"
    assert working["ReadTruth"]["Resource"] == f"{CAPTURES}/ground-truth/acme-prod-churn/*"
    assert working["WriteOutputs"]["Resource"] == f"{CAPTURES}/monitoring/churn/*/report/*"
    assert working["ReadModels"]["Resource"].endswith("/models/churn/*/Baseline/*")


def test_finding_writes_inputs_and_lists_nothing_of_other_models(job: Any) -> None:
    finding = role(job, "ListTheWindow")

    assert finding["LayOutTheInputs"]["Resource"] == f"{CAPTURES}/monitoring/churn/*/input/*"
    assert finding["ListTheWindow"]["Condition"] == {
        "StringLike": {"s3:prefix": ["churn/acme-prod-churn/*", "ground-truth/acme-prod-churn/*"]}
    }


def test_publishing_is_held_to_one_namespace_and_one_bus(job: Any) -> None:
    publishing = role(job, "PublishTheFigures")

    assert publishing["PublishTheFigures"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "Mlops/Monitoring"}
    }
    assert publishing["WakeRetraining"]["Resource"].endswith(":event-bus/acme-training")
