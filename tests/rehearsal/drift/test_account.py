"""A batch, and a drift job, whose step waited in vain has not succeeded."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlops.contract import ModelSpec, Names
from mlops.rehearsal.batch.run import BatchStage
from mlops.rehearsal.drift import account
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.intrinsics import Place
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.pipeline.graph import Node
from mlops.rehearsal.pipeline.results import StepResult
from mlops.rehearsal.workspace import Workspace

LAMBDA = {"Type": "Lambda", "FunctionArn": "arn", "Arguments": {}}
CHOICE = {
    "Name": "Ask",
    "Type": "Condition",
    "Arguments": {"Conditions": [], "IfSteps": [], "ElseSteps": [{**LAMBDA, "Name": "Other"}]},
}
DEFINITION = {"Steps": [CHOICE, {**LAMBDA, "Name": "Publish", "DependsOn": ["Other"]}]}
WAITED = "Publish: never ran, for it waits for Other, which did not run"


def answered(node: Node) -> StepResult:
    """Every step ends well, and the condition is true."""
    return StepResult(
        name=node.name, kind=node.kind, status="Succeeded", properties={"Outcome": "True"}
    )


@pytest.fixture
def stage(
    tmp_path: Path, spec: ModelSpec, names: Names, monkeypatch: pytest.MonkeyPatch
) -> BatchStage:
    """A stage whose pipelines end with a step that nothing lets run."""
    place = Place(account="444444444444", region="eu-west-1", stack="s")
    found = SimpleNamespace(definition=DEFINITION, place=place)
    assembly = SimpleNamespace(pipeline=lambda _name: found)
    monkeypatch.setattr(account, "DeployedVersion", lambda *_, **__: assembly)
    monkeypatch.setattr("mlops.rehearsal.batch.run.DeployedVersion", lambda *_, **__: assembly)
    monkeypatch.setattr(account, "_code_uris", lambda _definition: ())
    steps = SimpleNamespace(execute=answered, processes=Processes(), scored=[])
    monkeypatch.setattr(BatchStage, "_steps", lambda *_: steps)
    made = BatchStage(
        stage=names.stages.stage("prod"), spec=spec, names=names,
        assembly=tmp_path, workspace=Workspace.of(tmp_path), progress=SimpleNamespace(),
        processes=Processes(), python=tmp_path, home=tmp_path / "home",
    )  # fmt: skip
    made.open()
    return made


def test_a_batch_whose_step_waited_in_vain_has_failed(stage: BatchStage) -> None:
    assert stage.score(version=1).failures == [WAITED]


def test_a_drift_job_whose_step_waited_in_vain_has_failed(stage: BatchStage) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    with pytest.raises(RehearsalError, match=f"the drift job failed: {WAITED}"):
        stage.judge(date(2026, 1, 1), version=1, requests=0.0, at=at)
