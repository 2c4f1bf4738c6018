"""The synthesized delivery pipeline, run for one commit: stage by stage, until one fails."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from mlops.checks.deployment import Candidate as CheckedCandidate
from mlops.checks.deployment import Move, Proof
from mlops.checks.previous import proven
from mlops.checks.result import Finding
from mlops.contract import StageSpec
from mlops.rehearsal.canary import report as canary_report
from mlops.rehearsal.canary.faults import Fault, expectations, faults
from mlops.rehearsal.canary.preparation import Preparation
from mlops.rehearsal.canary.rehearsal import forecast, played
from mlops.rehearsal.canary.results import CanaryRehearsal
from mlops.rehearsal.canary.scene import Stage
from mlops.rehearsal.delivery.account import PROMOTED, Asked, Judged, StageAccount, asked
from mlops.rehearsal.delivery.results import PipelineRun, StageRun
from mlops.rehearsal.delivery.world import Checkout, World, utc_now
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.workspace import Workspace, execution_id
from mlops.release import RecordFiles
from mlops.rollout.record import ReleaseRecord
from mlops.sheet import PAGE

NONE: Final = "none"
_PIPELINE: Final = "AWS::CodePipeline::Pipeline"


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A version whose fault shows from one stage on, where the traffic meets it."""

    version: int
    fault: str
    stages: frozenset[str]

    def shows(self, version: int, stage: str) -> bool:
        """Whether a version misbehaves in a stage."""
        return version == self.version and stage in self.stages


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What one commit asks of one stage."""

    checkout: Checkout
    assembly: Assembly
    stage: StageSpec
    release: Asked
    version: int

    @property
    def package(self) -> str:
        """ARN of the version's model package."""
        names = self.checkout.platform.names
        return names.model_package_arn(self.checkout.model, self.version)

    def as_checked(self, *, proof: Proof | None) -> CheckedCandidate:
        """The same, as the checks before a stage see it."""
        capacity = self.stage.capacity[self.checkout.spec.endpoint.tier]
        return CheckedCandidate(
            model=self.checkout.model,
            version=self.version,
            package=self.package,
            endpoint=self.release.endpoint,
            instance_type=capacity.instance_type,
            min_instances=capacity.min_instances,
            alarms=f"{self.release.endpoint}-rollback-",
            proof=proof,
        )


@dataclass(kw_only=True)
class DeliveryPipeline:
    """The stages' accounts, and what each of them runs."""

    world: World
    pages: Path
    """Folder of the deployments' pages."""
    processes: Processes
    console: Console
    seed: int = 0
    scale: float | None = None
    python: Path | None = None
    broken: Broken | None = None
    live: dict[str, int] = field(default_factory=dict)
    sent: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """Events that the stages put on buses, with the bus of each."""
    _accounts: dict[str, StageAccount] = field(default_factory=dict)
    _deployed: dict[str, Asked] = field(default_factory=dict)
    _runs: int = 0

    def begin(self, checkout: Checkout, assembly: Assembly, *, version: int) -> None:
        """Let every stage run a version since long ago."""
        names = checkout.platform.names
        for stage in checkout.platform.stages.stages:
            account = StageAccount.opened(
                stage, home=self.world.folder / "accounts" / stage.name, processes=self.processes
            )
            release = asked(assembly, names.endpoint(stage, self.world.model))
            account.serve(release, package=names.model_package_arn(self.world.model, version))
            self._accounts[stage.name] = account
            self._deployed[stage.name] = release
            self.live[stage.name] = version

    def run(self, checkout: Checkout, assembly: Assembly) -> PipelineRun:
        """Deliver a commit to every stage that it changes, until a release check fails.

        Raises:
            RehearsalError: it synthesizes no delivery pipeline, or this machine is too slow.
        """
        self._runs += 1
        runs: list[StageRun] = []
        for name in stages_in_order(assembly, checkout):
            runs.append(self._stage(checkout, assembly, checkout.platform.stages.stage(name)))
            if not runs[-1].passed:
                break
        return PipelineRun(commit=checkout.commit, subject=checkout.subject, stages=tuple(runs))

    def forecast(self, checkout: Checkout, assembly: Assembly) -> float:
        """Seconds that one deployment takes in the last stage, if the machine stays as it is."""
        *_, last = stages_in_order(assembly, checkout)
        candidate = _candidate(checkout, assembly, checkout.platform.stages.stage(last))
        prepared = self._preparation(candidate).prepared(assembly, self.python, lambda _: None)
        fault = self._fault(prepared, candidate.version, candidate.stage)
        return forecast(prepared, [(fault, expectations()[fault.name])])

    def _stage(self, checkout: Checkout, assembly: Assembly, stage: StageSpec) -> StageRun:
        candidate = _candidate(checkout, assembly, stage)
        if candidate.release.properties == self._deployed[stage.name].properties:
            return StageRun(
                stage=stage.name, version=candidate.version, before=self.live[stage.name],
                deployment=None, passed=True, reason="",
            )  # fmt: skip
        proof = self._proof(candidate)
        if proof.status.stops:
            return StageRun(
                stage=stage.name, version=candidate.version, before=self.live[stage.name],
                deployment=None, passed=False, reason=proof.detail,
            )  # fmt: skip
        return self._judged(candidate, self._rehearsed(candidate))

    def _proof(self, candidate: Candidate) -> Finding:
        """What the check before the stage says of the one that comes before it."""
        checkout, stage = candidate.checkout, candidate.stage
        names = [one.name for one in checkout.platform.stages.stages]
        previous = checkout.platform.stages.stages[max(names.index(stage.name) - 1, 0)]
        if previous == stage:
            return proven(candidate.as_checked(proof=None), None, Move.FORWARD)
        place = checkout.platform.names
        proof = Proof(
            parameter=place.release_record(previous, checkout.model),
            stage=previous.name,
            endpoint=place.endpoint(previous, checkout.model),
            alarms=place.rollback_alarms(previous, checkout.model),
        )
        return proven(
            candidate.as_checked(proof=proof),
            self._accounts[previous.name].clients,
            _move(candidate.version, self.live[stage.name]),
        )

    def _rehearsed(self, candidate: Candidate) -> CanaryRehearsal:
        """The canary of one stage, on real fleets under real traffic."""
        began, clock, stage = utc_now(), time.monotonic(), candidate.stage
        preparation = self._preparation(candidate)
        prepared = preparation.prepared(candidate.assembly, self.python, lambda _: None)
        fault = self._fault(prepared, candidate.version, stage)
        before = self.live[stage.name]
        self.console.print(f"  {stage.name}: version {candidate.version} over {before}")
        result = played(prepared, fault, expectations()[fault.name], self.console)
        if result.observed == "invalid":
            raise RehearsalError(
                f"{stage.name}: this machine was too busy for a rehearsal at any pace; "
                "remedy: run it again when the machine is quiet"
            )
        return CanaryRehearsal(
            id=preparation.id,
            model=self.world.model,
            stage=stage.name,
            began=began,
            seed=self.seed,
            endpoint=prepared.endpoint,
            served=preparation.served,
            expected_per_minute=prepared.per_minute,
            minimum_invocations=prepared.minimum_invocations,
            deployments=(result,),
            seconds=time.monotonic() - clock,
            report=self.pages / f"{self._runs}-{stage.name}",
        )

    def _preparation(self, candidate: Candidate) -> Preparation:
        return Preparation(
            platform=candidate.checkout.platform,
            spec=candidate.checkout.spec,
            stage=candidate.stage,
            workspace=Workspace.of(candidate.checkout.root),
            id=execution_id(),
            released=self.live[candidate.stage.name],
            candidate=candidate.version,
            seed=self.seed,
            scale=self.scale,
        )

    def _fault(self, prepared: Stage, version: int, stage: StageSpec) -> Fault:
        every = faults(objective_seconds=prepared.objective_seconds, seed=self.seed)
        if self.broken is not None and self.broken.shows(version, stage.name):
            return every[self.broken.fault]
        return every[NONE]

    def _judged(self, candidate: Candidate, rehearsal: CanaryRehearsal) -> StageRun:
        """What the deployed functions made of it, and what the stage runs now."""
        (result,) = rehearsal.deployments
        name, account = candidate.stage.name, self._accounts[candidate.stage.name]
        account.deploy(candidate.release, result, package=candidate.package)
        record = candidate.checkout.platform.names.release_record(candidate.stage, self.world.model)
        judged = account.judged(
            candidate.release, self._deployed[name], assembly=candidate.assembly, record=record
        )
        self._keep(candidate.stage, judged)
        before, self._deployed[name] = self.live[name], candidate.release
        if result.observed in PROMOTED:
            self.live[name] = candidate.version
        self.sent += judged.sent
        canary_report.write(rehearsal)
        return StageRun(
            stage=name,
            version=candidate.version,
            before=before,
            deployment=result,
            passed=judged.passed,
            reason=judged.reason,
            outcome=_outcome(judged),
            told=judged.told,
            page=f"{rehearsal.report.name}/{PAGE}",
        )

    def _keep(self, stage: StageSpec, judged: Judged) -> None:
        """Put the record where the automation reads it without AWS."""
        if judged.record is not None:
            records = RecordFiles(folder=self.world.folder / "aws" / "records")
            records.add(stage, self.world.model, judged.record)


def stages_in_order(assembly: Assembly, checkout: Checkout) -> Iterator[str]:
    """The configured stages in the order in which the synthesized pipeline deploys them.

    Raises:
        RehearsalError: no pipeline was synthesized.
    """
    known = {stage.name for stage in checkout.platform.stages.stages}
    for stack in assembly.stacks:
        for _, pipeline in stack.resources(_PIPELINE):
            # A long stage is split into `name.1`, `name.2`.
            names = (str(stage["Name"]).partition(".")[0] for stage in pipeline["Stages"])
            yield from dict.fromkeys(name for name in names if name in known)
            return
    raise RehearsalError(
        f"{assembly.folder}: has no delivery pipeline; "
        "remedy: set delivery.source in config/stages.yaml and commit it"
    )


def _move(version: int, live: int) -> Move:
    if version == live:
        return Move.NONE
    return Move.FORWARD if version > live else Move.BACK


def _candidate(checkout: Checkout, assembly: Assembly, stage: StageSpec) -> Candidate:
    platform = checkout.platform
    version = platform.releases.version(model=checkout.model, stage=stage.name)
    if version is None:
        raise RehearsalError(f"{checkout.model} has no release in {stage.name} any more")
    return Candidate(
        checkout=checkout,
        assembly=assembly,
        stage=stage,
        release=asked(assembly, platform.names.endpoint(stage, checkout.model)),
        version=version,
    )


def _outcome(judged: Judged) -> str:
    if judged.record is None:
        return "no record"
    record = ReleaseRecord.from_json(judged.record)
    return record.outcome if record.cause is None else f"{record.outcome}: {record.cause}"
