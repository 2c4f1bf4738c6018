"""Trainings that the retraining function started: run here, gated, approved, released by canary."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from mlops.contract import ModelSpec, Platform, StageSpec
from mlops.registry import local_client
from mlops.rehearsal.canary.faults import expectations, faults
from mlops.rehearsal.canary.preparation import Preparation
from mlops.rehearsal.canary.rehearsal import played
from mlops.rehearsal.drift.results import Training
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.pipeline.commit import with_commit
from mlops.rehearsal.pipeline.graph import nodes_of
from mlops.rehearsal.pipeline.live import Progress
from mlops.rehearsal.pipeline.parameters import resolved
from mlops.rehearsal.pipeline.rehearsal import Rehearsal
from mlops.rehearsal.pipeline.results import Execution
from mlops.rehearsal.pipeline.started import BY_HAND, StartedExecution, by_function
from mlops.rehearsal.workspace import Workspace, execution_id

LATER: Final = "later"
"""The output with the rows that no training saw."""
_NO_FAULT = "none"


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """Makes versions with the synthesized pipeline, and releases them."""

    root: Path
    platform: Platform
    spec: ModelSpec
    stage: StageSpec
    assembly: Path
    workspace: Workspace
    python: Path
    progress: Progress
    console: Console
    seed: int
    scale: float | None

    def kept_back(self) -> Execution:
        """What leads to the rows that the past is replayed from, before anything is trained on.

        Raises:
            RehearsalError: no step keeps rows back, or one on the way to it did not succeed.
        """
        definition = Assembly(self.assembly).pipeline(self.platform.names.pipeline(self.spec.name))
        step = keeping_back(definition.definition)
        execution = self._executed({}, until=step)
        if not execution.succeeded:
            raise RehearsalError(f"the rows that are kept back: {execution.failure}")
        return execution

    def first(self) -> Execution:
        """The version that the replay begins with.

        Raises:
            RehearsalError: its pipeline did not succeed.
        """
        execution = self._executed({})
        if not execution.succeeded or execution.version is None:
            raise RehearsalError(f"the first version: {execution.failure}")
        return execution

    def answer(self, row: Mapping[str, Any], *, live: int) -> Training:
        """Run an execution that was started, and release what it made."""
        execution = self._executed(row["parameters"], started=self._by_the_function(row))
        version = execution.version if execution.succeeded else None
        origin = self._origin(version.number) if version else {}
        return Training(
            trigger=origin.get("trigger", row["name"]),
            evidence=origin.get("trigger_evidence", row["description"]),
            execution=row["name"],
            version=version.number if version else None,
            failure=execution.failure,
            canary=self._released(version.number, live) if version else None,
        )

    def _origin(self, number: int) -> Mapping[str, str]:
        """What the registry keeps of a version's origin."""
        found: Mapping[str, str] = self.package(number)["CustomerMetadataProperties"]
        return found

    def package(self, number: int) -> Mapping[str, Any]:
        """A version as its registry describes it."""
        training = self.platform.stages.training
        client = local_client(
            self.workspace.registry, account=training.account, region=training.region
        )
        arn = self.platform.names.model_package_arn(self.spec.name, number)
        return client.describe_model_package(ModelPackageName=arn)

    def _by_the_function(self, row: Mapping[str, Any]) -> StartedExecution:
        """An execution as SageMaker would describe it: started by whoever called."""
        function = Assembly(self.assembly).function(row["caller"])
        return by_function(function, name=row["name"], description=row["description"])

    def _executed(
        self,
        chosen: Mapping[str, str],
        *,
        started: StartedExecution = BY_HAND,
        until: str | None = None,
    ) -> Execution:
        assembly = Assembly(self.assembly)
        name = self.platform.names.pipeline(self.spec.name)
        pipeline = with_commit(assembly.pipeline(name), self.root)
        return Rehearsal(
            root=self.root,
            spec=self.spec,
            workspace=self.workspace,
            assembly=assembly,
            pipeline=pipeline,
            parameters=resolved(pipeline.definition, chosen),
            data_is_ours=True,
            use_cache=True,
            approves=True,
            python=self.python,
            until=until,
            started=started,
        ).run(self.progress)

    def _released(self, version: int, live: int) -> str:
        preparation = Preparation(
            platform=self.platform, spec=self.spec, stage=self.stage, workspace=self.workspace,
            id=execution_id(), released=live, candidate=version, seed=self.seed, scale=self.scale,
        )  # fmt: skip
        prepared = preparation.prepared(Assembly(self.assembly), self.python, self.progress.note)
        every = faults(objective_seconds=prepared.objective_seconds, seed=self.seed)
        result = played(prepared, every[_NO_FAULT], expectations()[_NO_FAULT], self.console)
        shutil.rmtree(prepared.folder, ignore_errors=True)
        return result.observed


def keeping_back(definition: Mapping[str, Any]) -> str:
    """The step that keeps rows back.

    Raises:
        RehearsalError: there is none.
    """
    for node in nodes_of(definition).values():
        if any(
            output["OutputName"] == LATER for output in outputs_of(node.step.get("Arguments", {}))
        ):
            return node.name
    raise RehearsalError(
        f"no step keeps rows back as `{LATER}`; remedy: write that part in preprocess.py"
    )


def outputs_of(properties: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What a Processing job writes, by its request or by its description."""
    outputs: Sequence[Mapping[str, Any]] = properties.get("ProcessingOutputConfig", {}).get(
        "Outputs", ()
    )
    return outputs
