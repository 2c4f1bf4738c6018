"""Every synthesized entry point runs in the model's real image, as SageMaker starts it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from mlops.contract import Platform
from mlops.rehearsal.batch import BatchRehearsal, Wishes, rehearse_batch
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.container import JobError, Sandbox
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.pipeline.graph import nodes_of
from mlops.rehearsal.pipeline.results import Execution, StepResult
from mlops.rehearsal.workspace import Workspace
from tests.external.images.conftest import STAGE
from tests.external.images.jobs import ContainerJob, Runtime

CONTAINERS = ("Processing", "Training", "Transform")


@pytest.fixture(scope="session")
def batch(root: Path, assembly: Path, runtime: Runtime, training: Execution) -> BatchRehearsal:
    """The batch pipeline over rows that no training saw, and the drift job after it."""
    assert training.succeeded, failures(training.steps)
    return rehearse_batch(
        root,
        runtime.model,
        assembly=assembly,
        wishes=Wishes(stage=STAGE),
        console=Console(quiet=True),
        python=runtime.image.root / "usr/bin/python3",
    )


def failures(steps: Sequence[StepResult]) -> str:
    return "\n".join(f"{step.name}: {step.failure}" for step in steps if step.failure)


def test_the_training_pipeline_registers_a_version_that_answers_as_recorded(
    training: Execution,
) -> None:
    assert training.succeeded, f"{failures(training.steps)} {training.failure}"
    assert training.version is not None
    assert training.version.status == "Approved"
    assert training.replay is not None
    assert training.replay.recorded


def test_a_batch_is_scored_and_judged(batch: BatchRehearsal) -> None:
    assert failures(batch.steps) == ""
    assert [file.failure for file in batch.files] == [None]
    assert batch.files[0].rows > 0
    assert batch.monitored is not None
    assert batch.monitored.rows == batch.files[0].rows


def test_every_container_of_the_synthesized_pipelines_ran(
    batch: BatchRehearsal, platform: Platform, assembly: Path, runtime: Runtime
) -> None:
    ran = {name.partition(" ")[2] for name in runtime.record.entrypoints
           if name.startswith(f"{runtime.model} ")}  # fmt: skip

    assert set(synthesized(platform, assembly, runtime.model)) <= ran


def synthesized(platform: Platform, assembly: Path, model: str) -> Iterator[str]:
    """The steps of a model's pipelines that start a container."""
    names, stage = platform.names, platform.stages.stage(STAGE)
    for pipeline in (
        names.pipeline(model),
        names.batch_pipeline(stage, model),
        names.drift_pipeline(stage, model),
    ):
        nodes = nodes_of(Assembly(assembly).pipeline(pipeline).definition)
        yield from (node.name for node in nodes.values() if node.kind in CONTAINERS)


def test_a_training_that_fails_leaves_its_reason_where_sagemaker_reads_it(
    root: Path, runtime: Runtime, training: Execution, tmp_path: Path
) -> None:
    (step,) = (step for step in training.steps if step.kind == "Training")
    parameters = dict.fromkeys(step.properties["HyperParameters"], "not a number")
    job = ContainerJob(
        name="broken-Train",
        kind="Training",
        arguments={**step.properties, "HyperParameters": parameters},
        sandbox=Sandbox(folder=tmp_path / "job", python=Path("/usr/bin/python3")),
        storage=Workspace.of(root).storage,
        log=tmp_path / "log.txt",
    )

    with pytest.raises(JobError, match="AlgorithmError") as failed:
        job.run(Processes())

    reason = (tmp_path / "job/opt/ml/output/failure").read_text()
    assert reason
    assert reason[:200] in str(failed.value)
