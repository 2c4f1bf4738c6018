"""The past replayed: the drift job notices, retraining follows, and the error shows it."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from mlops.contract import ModelSpec, Platform, StageSpec, load_platform
from mlops.dashboards import Served
from mlops.rehearsal.chosen_stage import chosen_stage
from mlops.rehearsal.drift import faults, report
from mlops.rehearsal.drift.account import WatchedStage
from mlops.rehearsal.drift.alarms import DriftAlarms
from mlops.rehearsal.drift.periods import Period, periods_of
from mlops.rehearsal.drift.replay import Replay
from mlops.rehearsal.drift.results import DriftRehearsal, PeriodResult
from mlops.rehearsal.drift.traffic import Endpoint
from mlops.rehearsal.drift.trainings import LATER, Trainings, outputs_of
from mlops.rehearsal.interrupts import terminable
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.environment import ModelEnvironment
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.pipeline.live import shown
from mlops.rehearsal.pipeline.results import Execution
from mlops.rehearsal.workspace import FOLDER, Workspace, execution_id

_SHARED: Final = ("envs", "cache", "canary")
_PERIODS_OF_A_FAULT: Final = 1


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person chose on the command line."""

    stage: str | None = None
    """None: the last one, which people depend on most."""
    fault: str = faults.NONE
    periods: int | None = None
    """How many; None: all of them, one where there is a fault."""
    seed: int = 0
    scale: float | None = None
    """Of the canaries."""


def rehearse_drift(
    root: Path,
    model: str,
    *,
    assembly: Path,
    wishes: Wishes,
    console: Console,
    python: Path | None = None,
) -> DriftRehearsal:
    """Serve the past to a model, and let the platform notice what changed.

    Raises:
        ContractError: the configuration is wrong.
        RehearsalError: there is nothing to replay, or a part of it does not work.
        KeyboardInterrupt: it was stopped; no process is left.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    platform = load_platform(root, model=model)
    setting = _Setting(
        root=root, platform=platform, spec=platform.model(model), assembly=assembly,
        stage=chosen_stage(platform, model, wishes.stage), wishes=wishes, console=console,
        python=python, id=execution_id(), processes=Processes(),
    )  # fmt: skip
    with terminable():
        try:
            replay, periods = setting.prepared()
            results = [replay.play(period) for period in periods]
        finally:
            setting.processes.stop()
            shutil.rmtree(setting.home, ignore_errors=True)
    rehearsal = DriftRehearsal(
        id=setting.id,
        model=model,
        stage=setting.stage.name,
        fault=wishes.fault,
        story=faults.expectations()[wishes.fault].story,
        began=f"{began:%Y-%m-%d %H:%M:%S} UTC",
        unit=setting.unit,
        served=Served.of(platform.names, setting.stage, setting.spec),
        periods=tuple(results),
        objections=tuple(objections(results, wishes.fault)),
        seconds=time.monotonic() - clock,
        report=setting.pages,
    )
    report.write(rehearsal)
    report.print_summary(rehearsal, console)
    return rehearsal


def objections(results: Sequence[PeriodResult], fault: str) -> Iterator[str]:
    """What is not as the committed file says, and what no replay may show."""
    for period in results:
        if "drift" in period.red and not period.answers:
            yield f"{period.name}: drift was found and nobody was asked to retrain"
    if fault != faults.NONE:
        expected = faults.expectations()[fault]
        yield from _of_the_fault(results[0], expected)
        for after in results[1:2]:
            still = [key for key in expected.recovers if key in after.red]
            yield from (f"{after.name}: the alarm {key} is still red" for key in still)


def _of_the_fault(period: PeriodResult, expected: faults.Expectation) -> Iterator[str]:
    for key in expected.red:
        if key not in period.red:
            yield f"{period.name}: the alarm {key} is not red"
    for key in expected.quiet:
        if key in period.red:
            yield f"{period.name}: the alarm {key} is red"
    trained = len(period.trainings)
    if expected.trainings is not None and trained != expected.trainings:
        yield f"{period.name}: {trained} trainings were started, not {expected.trainings}"


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Everything that a replay needs, found and put in place."""

    root: Path
    platform: Platform
    spec: ModelSpec
    stage: StageSpec
    assembly: Path
    wishes: Wishes
    console: Console
    python: Path | None
    id: str
    processes: Processes

    @property
    def home(self) -> Path:
        """Folder of this replay's own registry, captures and executions."""
        return self.root / FOLDER / "drifts" / self.id

    @property
    def pages(self) -> Path:
        """What is kept of it."""
        return Workspace.of(self.root).report(self.id)

    @property
    def unit(self) -> str:
        """Of the error."""
        if self.spec.problem.type == "regression":
            return f"RMSE of {self.spec.problem.target}"
        return f"share of wrong {self.spec.problem.target}"

    def prepared(self) -> tuple[Replay, list[Period]]:
        """The replay at its beginning, and the periods to play."""
        names, endpoint = self.platform.names, self._endpoint_name
        alarms = DriftAlarms.of(Assembly(self.assembly), endpoint)
        workspace = self._workspace()
        with shown(self.console) as progress:
            python = self.python or self._environment.ensure(progress.note)
            trainings = Trainings(
                root=self.root, platform=self.platform, spec=self.spec, stage=self.stage,
                assembly=self.assembly, workspace=workspace, python=python, progress=progress,
                console=self.console, seed=self.wishes.seed, scale=self.wishes.scale,
            )  # fmt: skip
            # First what may be missing: a training takes minutes.
            periods = self._periods(trainings.kept_back(), workspace)
            first = trainings.first()
        assert first.version is not None
        watched = WatchedStage(
            stage=self.stage, spec=self.spec, names=names, assembly=self.assembly,
            workspace=workspace, python=python, progress=progress, processes=self.processes,
            home=self.home / "stage",
        )  # fmt: skip
        watched.open()
        replay = Replay(
            spec=self.spec, names=names, stage=self.stage, watched=watched, alarms=alarms,
            trainings=trainings, first=first.version.number, fault=self.wishes.fault,
            pages=self.pages, console=self.console,
            endpoint=Endpoint(
                spec=self.spec, python=python, storage=workspace.storage,
                processes=self.processes, folder=self.home / "serving",
            ),
        )  # fmt: skip
        return replay, periods

    @property
    def _endpoint_name(self) -> str:
        return self.platform.names.endpoint(self.stage, self.spec.name)

    @property
    def _environment(self) -> ModelEnvironment:
        lock = self.root / "model_code" / self.spec.folder / "requirements.lock"
        return ModelEnvironment(lock=lock, home=Workspace.of(self.root).environments)

    def _workspace(self) -> Workspace:
        """Registry and captures of its own; environments, caches and artifacts are everybody's."""
        shared, own = self.root / FOLDER, self.home / "aws"
        bucket = self.platform.names.artifact_bucket(self.platform.stages.training)
        for name in (*_SHARED, f"s3/{bucket}"):
            (shared / name).mkdir(parents=True, exist_ok=True)
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).symlink_to(shared / name)
        return Workspace(folder=own)

    def _periods(self, kept_back: Execution, workspace: Workspace) -> list[Period]:
        part = workspace.storage.path(_later(kept_back)) / "part.csv"
        found = periods_of(part, self.spec, seed=self.wishes.seed)
        usual = None if self.wishes.fault == faults.NONE else _PERIODS_OF_A_FAULT
        return found[: self.wishes.periods or usual]


def _later(execution: Execution) -> str:
    """Where the rows are that the first version did not learn from."""
    return next(
        str(output["S3Output"]["S3Uri"])
        for step in execution.steps
        for output in outputs_of(step.properties)
        if output["OutputName"] == LATER
    )
