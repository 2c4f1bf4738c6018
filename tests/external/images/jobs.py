"""Job steps of a rehearsal that run in the real image instead of this machine's Python.

Expressions, storage and order of a rehearsal are kept. What is ours there and SageMaker's in
earnest is not: the environment, the files below /opt/ml, their owner, the network, the memory.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from mlops.rehearsal.local_aws import container as stand_in
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.serving_check import ServingCheck
from mlops.rehearsal.local_aws.transform import ScoredFile, TransformJob
from tests.external.images import hosting, layout
from tests.external.images.container import Container, Image, give_to_root, memory_bytes
from tests.external.images.images import start_command
from tests.external.images.record import Record


@dataclass(kw_only=True)
class Runtime:
    """What the containers of one model run in and are recorded by; set before a rehearsal."""

    image: Image
    record: Record
    model: str
    """Name of the model whose pipelines run."""

    def ran(self, entrypoint: str) -> None:
        """An entry point ran to its end."""
        self.record.entrypoints.add(f"{self.model} {entrypoint}")
        self.record.pythons.add(self.image.python)


@dataclass(frozen=True, kw_only=True)
class ContainerJob(stand_in.Job):
    """A Processing or Training step in a container."""

    runtime: ClassVar[Runtime]

    def run(self, processes: Processes) -> stand_in.Properties:
        """Run the container and return what Describe would say about it."""
        place = stand_in._PROCESSING if self.kind == "Processing" else stand_in._TRAINING
        self.sandbox.opt_ml.mkdir(parents=True)
        place.bring_in(_Prepared(self)) if self.kind == "Training" else place.bring_in(self)
        give_to_root(self.sandbox.opt_ml)
        try:
            self._run_container(processes)
        except stand_in.JobError:
            place.take_out(self, failed=True)
            raise
        self.runtime.ran(self.name.rpartition("-")[2])
        return place.take_out(self, failed=False)

    def _run_container(self, processes: Processes) -> None:
        container = self._container()
        limit = self.arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86_400)
        with (
            container.starting(memory=memory_bytes(self._instance_type())) as command,
            self.log.open("ab") as log,
        ):
            ending = processes.run(command, log=log, timeout_seconds=float(limit))
        reason = stand_in.failure_reason(ending, limit=float(limit), message=self._message())
        if reason:
            tail = self.log.read_text("utf-8", errors="replace")[-2000:]
            raise stand_in.JobError(f"{reason}\n{tail}", exit_code=ending.exit_code)

    def _container(self) -> Container:
        given = dict(self.arguments.get("Environment", {}))
        if self.kind == "Processing":
            read_only = layout.processing(self.name, self.arguments, self.sandbox.opt_ml)
            asked = self.arguments["AppSpecification"]
        else:
            read_only = layout.training(self.arguments, self.sandbox.opt_ml)
            asked = self.arguments["AlgorithmSpecification"]
            given |= layout.training_environment(self.name)
        return Container(
            image=self.runtime.image,
            command=_command(self.runtime.image, asked, train=self.kind == "Training"),
            environment=given,
            folder=self.sandbox.folder / "layer",
            opt_ml=self.sandbox.opt_ml,
            read_only=read_only,
        )

    def _instance_type(self) -> str:
        if self.kind == "Processing":
            return str(self.arguments["ProcessingResources"]["ClusterConfig"]["InstanceType"])
        return str(self.arguments["ResourceConfig"]["InstanceType"])


class _Prepared:
    """A training job for the stand-in, whose own files come into folders that must be there."""

    def __init__(self, job: stand_in.Job) -> None:
        (job.sandbox.opt_ml / "input" / "config").mkdir(parents=True, exist_ok=True)
        self._job = job

    def __getattr__(self, name: str) -> Any:
        return getattr(self._job, name)


def _command(image: Image, asked: layout.Arguments, *, train: bool) -> list[str]:
    """An entry point drops the image's command; arguments alone keep the image's entry point."""
    arguments = list(asked.get("ContainerArguments", ()))
    if "ContainerEntrypoint" in asked:
        return [*asked["ContainerEntrypoint"], *arguments]
    return start_command(image.config, [*(["train"] if train else []), *arguments])


@dataclass(frozen=True, kw_only=True)
class ContainerTransformJob(TransformJob):
    """A Transform step whose model server is a container."""

    runtime: ClassVar[Runtime]

    def run(self, processes: Processes, scored: list[ScoredFile]) -> dict[str, Any]:
        """Run it with the variables of Batch Transform."""
        added = layout.batch_environment(self.arguments)
        told = replace(self, environment={**self.environment, **added})
        properties = TransformJob.run(told, processes, scored)
        self.runtime.ran(self.name.rpartition("-")[2])
        return properties


@dataclass(frozen=True, kw_only=True)
class ContainerServing(ServingCheck):
    """A registered version, served by a container."""

    runtime: ClassVar[Runtime]

    @contextmanager
    def served(self, archive_uri: str) -> Iterator[hosting.ContainerServer]:
        """A container that serves the archive, ready; it ends with the block."""
        folder = self.folder / "container"
        shutil.rmtree(folder, ignore_errors=True)
        with hosting.served(
            self.runtime.image,
            archive=self.storage.path(archive_uri),
            folder=folder,
            environment=self.variables,
            processes=self.processes,
        ) as server:
            yield server
