"""Rehearses a model's canary: finds what would be deployed, and deploys it here once per fault."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from mlops.contract import ModelSpec, Platform, StageSpec, load_platform, read_examples
from mlops.registry import ModelVersion, RegistryError, SageMakerClient, list_versions, local_client
from mlops.rehearsal.assembly import Assembly
from mlops.rehearsal.canary import report
from mlops.rehearsal.canary.capacity import CapacityFile
from mlops.rehearsal.canary.endpoint import GuardedEndpoint
from mlops.rehearsal.canary.faults import FAULT_NAMES, Expectation, Fault, expectations, faults
from mlops.rehearsal.canary.fleet import Release
from mlops.rehearsal.canary.results import CanaryRehearsal, DeploymentResult
from mlops.rehearsal.canary.rows import example_requests, held_out_requests
from mlops.rehearsal.canary.scene import Candidate, Scene, Stage
from mlops.rehearsal.canary.template import guarded_endpoint
from mlops.rehearsal.canary.traffic import Request
from mlops.rehearsal.environment import ModelEnvironment
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.interrupts import terminable
from mlops.rehearsal.processes import Processes
from mlops.rehearsal.serving_check import recorded_cases
from mlops.rehearsal.workspace import Workspace, execution_id

ALL: Final = "all"
_ATTEMPTS: Final = 3
"""An invalid deployment is repeated, each time at half the speed."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person chose on the command line."""

    stage: str | None = None
    """None: the last one, which people depend on most."""
    candidate: int | None = None
    """None: the newest version."""
    fault: str = "none"
    scale: float | None = None
    seed: int = 0


def rehearse_canary(
    root: Path,
    model: str,
    *,
    assembly: Path,
    wishes: Wishes,
    console: Console,
    python: Path | None = None,
) -> CanaryRehearsal:
    """Deploy a model's candidate over its released version, here, once per fault.

    The servers run in the environment of the model's lock, or with `python` where one is given.

    Raises:
        ContractError: the configuration is wrong.
        RehearsalError: there is nothing to rehearse, or the template breaks a rule.
        KeyboardInterrupt: it was stopped; no process is left.
    """
    platform = load_platform(root, model=model)
    wanted = _wanted(wishes.fault)
    expected = expectations()
    with terminable():
        preparation = _Preparation(
            platform=platform, spec=platform.model(model), stage=_stage(platform, wishes.stage),
            workspace=Workspace.of(root), wishes=wishes, id=execution_id(),
        )  # fmt: skip
        began, clock = datetime.now(UTC), time.monotonic()
        stage = preparation.prepared(
            Assembly(assembly), python, lambda text: console.print(text, soft_wrap=True)
        )
        every = faults(objective_seconds=stage.objective_seconds, seed=wishes.seed)
        results = [_played(stage, every[name], expected[name], console) for name in wanted]
        rehearsal = CanaryRehearsal(
            id=preparation.id,
            model=model,
            stage=preparation.stage.name,
            began=f"{began:%Y-%m-%d %H:%M:%S} UTC",
            seed=wishes.seed,
            endpoint=stage.endpoint,
            expected_per_minute=stage.per_minute,
            minimum_invocations=stage.minimum_invocations,
            deployments=tuple(results),
            seconds=time.monotonic() - clock,
            report=preparation.workspace.report(preparation.id),
        )
        report.write(rehearsal)
    report.print_summary(rehearsal, console)
    return rehearsal


def _wanted(fault: str) -> Sequence[str]:
    if fault == ALL:
        return FAULT_NAMES
    if fault not in FAULT_NAMES:
        allowed = ", ".join((*FAULT_NAMES, ALL))
        raise RehearsalError(f"--fault {fault}: there is no such fault; allowed: {allowed}")
    return (fault,)


def _stage(platform: Platform, name: str | None) -> StageSpec:
    stages = {stage.name: stage for stage in platform.stages.stages}
    chosen = name or next(reversed(stages))
    if chosen not in stages:
        raise RehearsalError(
            f"--stage {chosen}: there is no such stage; allowed: {', '.join(stages)}"
        )
    return stages[chosen]


def _played(
    stage: Stage, fault: Fault, expectation: Expectation, console: Console
) -> DeploymentResult:
    """A deployment that counts, if the machine lets one: an invalid one is repeated slower."""
    for attempt in range(_ATTEMPTS):
        with console.status(f"{fault.name}: {fault.story}"):
            result = _attempt(stage, fault, expectation, slowdown=2.0**attempt)
        if result.observed != "invalid" or stage.scale is not None:
            break
        console.print(
            Text(
                f"  {fault.name}: the machine was late by {result.pace.lag_p99_ms:.0f} ms; slower"
            ),
            soft_wrap=True,
        )
    console.print(report.line(result), soft_wrap=True)
    return result


def _attempt(
    stage: Stage, fault: Fault, expectation: Expectation, *, slowdown: float
) -> DeploymentResult:
    processes = Processes()
    scene = Scene(
        stage=stage,
        fault=fault,
        expectation=expectation,
        processes=processes,
        slowdown=slowdown,
    )
    try:
        return asyncio.run(scene.play())
    finally:
        processes.stop()


@dataclass(frozen=True, kw_only=True)
class _Preparation:
    """Collects what the deployments have in common."""

    platform: Platform
    spec: ModelSpec
    stage: StageSpec
    workspace: Workspace
    wishes: Wishes
    id: str

    def prepared(
        self, assembly: Assembly, python: Path | None, say: Callable[[str], None]
    ) -> Stage:
        names = self.platform.names
        endpoint = guarded_endpoint(assembly, names.endpoint(self.stage, self.spec.name))
        blue, green = self._versions()
        say(
            f"{endpoint.name}: version {green.number} over version {blue.number}, "
            f"{endpoint.policy.strategy}, {endpoint.duration_seconds / 60:g} minutes of baking, "
            f"{len(endpoint.alarms)} rollback alarms"
        )
        canary = self.stage.canary.applied_to(self.spec.endpoint.canary)
        return Stage(
            endpoint=endpoint,
            blue=self._candidate(blue, endpoint),
            green=self._candidate(green, endpoint),
            requests=self._requests(),
            per_minute=self.spec.endpoint.expected_requests_per_minute,
            objective_seconds=self.spec.endpoint.latency_p99_ms / 1000,
            minimum_invocations=endpoint.minimum_invocations or canary.minimum_invocations,
            python=python or self._environment.ensure(say),
            storage=self.workspace.storage,
            folder=self.workspace.execution(self.id),
            capacities=CapacityFile(path=self.workspace.folder / "canary" / "capacity.json"),
            seed=self.wishes.seed,
            scale=self.wishes.scale,
        )

    @property
    def _environment(self) -> ModelEnvironment:
        return ModelEnvironment(
            lock=self._model_folder / "requirements.lock", home=self.workspace.environments
        )

    @property
    def _model_folder(self) -> Path:
        return self.platform.root / "model_code" / self.spec.folder

    @property
    def _client(self) -> SageMakerClient:
        training = self.platform.stages.training
        return local_client(
            self.workspace.registry, account=training.account, region=training.region
        )

    def _versions(self) -> tuple[ModelVersion, ModelVersion]:
        """The released version and the candidate."""
        group = self.platform.names.model_package_group(self.spec.name)
        try:
            versions = {one.number: one for one in list_versions(self._client, group)}
        except RegistryError:
            versions = {}
        if not versions:
            raise RehearsalError(
                f"{group}: no version is registered here; "
                f"remedy: mlops rehearse pipeline {self.spec.name} --approve"
            )
        candidate = self.wishes.candidate or max(versions)
        if candidate not in versions:
            raise RehearsalError(
                f"--candidate {candidate}: there is no such version; "
                f"allowed: {', '.join(str(number) for number in sorted(versions))}"
            )
        return versions[self._released(versions)], versions[candidate]

    def _released(self, versions: Mapping[int, ModelVersion]) -> int:
        pinned = self.platform.releases.version(model=self.spec.name, stage=self.stage.name)
        if pinned is not None and pinned in versions:
            return pinned
        approved = [one.number for one in versions.values() if one.status == "Approved"]
        return max(approved or versions)

    def _candidate(self, version: ModelVersion, endpoint: GuardedEndpoint) -> Candidate:
        package = self._client.describe_model_package(ModelPackageName=version.arn)
        container: Mapping[str, Any] = package["InferenceSpecification"]["Containers"][0]
        answers = package.get("CustomerMetadataProperties", {}).get("answers_uri")
        storage = self.workspace.storage
        return Candidate(
            release=Release(
                version=str(version.number),
                archive_uri=container["ModelDataUrl"],
                environment={**container.get("Environment", {}), **endpoint.container_environment},
            ),
            answers=recorded_cases(storage.read_text(answers)) if answers else (),
        )

    def _requests(self) -> Sequence[Request]:
        bucket = self.platform.names.artifact_bucket(self.platform.stages.training)
        prefix = f"s3://{bucket}/{self.platform.names.artifacts_prefix(self.spec.name)}"
        fields = self.spec.schema_.input
        held_out = held_out_requests(self.workspace.storage, prefix, fields)
        return held_out or example_requests(read_examples(self._model_folder))
