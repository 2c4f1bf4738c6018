"""Each stage looks for drift by the contract's clock, at the version that it serves."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import load_platform


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_the_drift_job_runs_when_the_contract_says(
    templates: dict[str, Any], root: Path, stage: str
) -> None:
    platform = load_platform(root)
    spec, names = platform.model("bike-demand"), platform.names
    resources = templates[f"{stage}/bike-demand-Monitoring"]["Resources"].values()
    clocks = [r["Properties"] for r in resources if r["Type"] == "AWS::Scheduler::Schedule"]
    pipeline = names.drift_pipeline_arn(platform.stages.stage(stage), "bike-demand")

    (clock,) = (clock for clock in clocks if clock["Target"]["Arn"] == pipeline)
    assert clock["ScheduleExpression"] == spec.monitoring.schedule
    assert clock["Target"]["DeadLetterConfig"]["Arn"].endswith(f":mlops-{stage}-undelivered")


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_the_baseline_is_that_of_the_version_that_is_served(
    templates: dict[str, Any], root: Path, stage: str
) -> None:
    platform = load_platform(root)
    version = platform.releases.version(model="bike-demand", stage=stage)
    assert version is not None

    text = json.dumps(templates[f"{stage}/bike-demand-Monitoring"])

    assert platform.names.model_package_arn("bike-demand", version) in text
