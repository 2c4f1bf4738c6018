"""Rehearses a model's canary: finds what would be deployed, and deploys it here once per fault."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from mlops.contract import load_platform
from mlops.rehearsal.canary import report
from mlops.rehearsal.canary.exchange import is_exhaustion
from mlops.rehearsal.canary.faults import FAULT_NAMES, Expectation, Fault, expectations, faults
from mlops.rehearsal.canary.findings import unfinished
from mlops.rehearsal.canary.kept import Kept
from mlops.rehearsal.canary.preparation import Preparation
from mlops.rehearsal.canary.results import CanaryRehearsal, DeploymentResult, Pace
from mlops.rehearsal.canary.scene import Scene, Stage, forecast_seconds
from mlops.rehearsal.chosen_stage import chosen_stage
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.interrupts import terminable
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.workspace import Workspace, execution_id
from mlops.sheet import PAGE

ALL: Final = "all"
_ATTEMPTS: Final = 3
"""An invalid deployment is repeated, each time at half the speed."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person chose on the command line."""

    stage: str | None = None
    """None: the last one that pins the model, which people depend on most."""
    candidate: int | None = None
    """None: the newest version."""
    fault: str = "none"
    scale: float | None = None
    seed: int = 0
    resume: bool = False
    """Whether to go on where an earlier rehearsal of the same release was ended."""


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
        preparation = Preparation(
            platform=platform, spec=platform.model(model),
            stage=chosen_stage(platform, model, wishes.stage), workspace=Workspace.of(root),
            id=execution_id(), candidate=wishes.candidate, seed=wishes.seed, scale=wishes.scale,
        )  # fmt: skip
        run = _Run(
            preparation=preparation,
            stage=preparation.prepared(
                Assembly(assembly), python, lambda text: console.print(text, soft_wrap=True)
            ),
            console=console,
        )
        rehearsal = run.rehearsed(wanted, expected, resume=wishes.resume)
    report.print_summary(rehearsal, console)
    return rehearsal


@dataclass(kw_only=True)
class _Run:
    """The deployments of one rehearsal; what has finished is reported, whatever ends the rest."""

    preparation: Preparation
    stage: Stage
    console: Console
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _clock: float = field(default_factory=time.monotonic)

    def rehearsed(
        self, wanted: Sequence[str], expected: Mapping[str, Expectation], *, resume: bool
    ) -> CanaryRehearsal:
        kept = Kept.of(self.preparation.workspace.folder / "canary", self.stage)
        every = faults(objective_seconds=self.stage.objective_seconds, seed=self.stage.seed)
        if not resume:
            kept.clear()
        results = {name: one for name, one in kept.results(every, expected) if name in wanted}
        pending = [(every[name], expected[name]) for name in wanted if name not in results]
        self._say_how_long(pending, results)
        try:
            for name in wanted:
                if name not in results:
                    results[name] = played(self.stage, every[name], expected[name], self.console)
                    if results[name].observed != "invalid":
                        kept.keep(results[name])
        except BaseException:
            if results:
                unfinished = self._reported([results[name] for name in wanted if name in results])
                self._say(f"{len(results)} of {len(wanted)} finished: {unfinished.report / PAGE}")
                self._say("remedy: the same command with --resume goes on from there")
            raise
        if all(one.observed != "invalid" for one in results.values()):
            kept.clear()
        return self._reported([results[name] for name in wanted])

    def _say_how_long(
        self, pending: Sequence[tuple[Fault, Expectation]], finished: Collection[str]
    ) -> None:
        if finished:
            self._say(f"finished before: {', '.join(finished)}")
        if len(pending) > 1:
            self._say(
                f"{len(pending)} deployments take about {minutes(forecast(self.stage, pending))} "
                "if this machine stays as it is now; what has finished is kept"
            )

    def _reported(self, results: Sequence[DeploymentResult]) -> CanaryRehearsal:
        preparation, stage = self.preparation, self.stage
        rehearsal = CanaryRehearsal(
            id=preparation.id,
            model=preparation.spec.name,
            stage=preparation.stage.name,
            began=f"{self.began:%Y-%m-%d %H:%M:%S} UTC",
            seed=preparation.seed,
            endpoint=stage.endpoint,
            served=preparation.served,
            expected_per_minute=stage.per_minute,
            minimum_invocations=stage.minimum_invocations,
            deployments=tuple(results),
            seconds=time.monotonic() - self._clock,
            report=preparation.workspace.report(preparation.id),
        )
        report.write(rehearsal)
        return rehearsal

    def _say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)


def _wanted(fault: str) -> Sequence[str]:
    if fault == ALL:
        return FAULT_NAMES
    if fault not in FAULT_NAMES:
        allowed = ", ".join((*FAULT_NAMES, ALL))
        raise RehearsalError(f"--fault {fault}: there is no such fault; allowed: {allowed}")
    return (fault,)


def played(
    stage: Stage, fault: Fault, expectation: Expectation, console: Console
) -> DeploymentResult:
    """A deployment that counts, if the machine lets one: an invalid one is repeated slower."""
    if not console.is_terminal:
        # A terminal shows this while it lasts; elsewhere nobody could tell waiting from hanging.
        console.print(Text(f"  {fault.name} starts: {fault.story}"), soft_wrap=True)
    for attempt in range(_ATTEMPTS):
        with console.status(f"{fault.name}: {fault.story}"):
            result = _attempt(stage, fault, expectation, slowdown=2.0**attempt)
        if result.observed != "invalid" or stage.scale is not None:
            break
        console.print(Text(f"  {fault.name}: {result.pace.exhaustion}"), soft_wrap=True)
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
    began = time.monotonic()
    try:
        return asyncio.run(scene.play())
    except (OSError, MemoryError, RehearsalError) as error:
        if isinstance(error, RehearsalError) and not is_exhaustion(error):
            raise
        # No file, connection, process or memory left, or no time to get one: the machine's limits.
        text = f"{type(error).__name__}: {error}".removesuffix(": ")
        pace = Pace(
            scale=scene.clock.scale, seconds=time.monotonic() - began, capacity=None, offered=0.0,
            lag_p99_ms=0.0, lag_max_ms=0.0, exhaustion="; ".join((text, *scene.machine.refusals)),
        )  # fmt: skip
        return unfinished(fault, expectation, stage.endpoint, pace=pace)
    finally:
        processes.stop()


def forecast(stage: Stage, pending: Sequence[tuple[Fault, Expectation]]) -> float:
    """Seconds that these deployments take, by what the old fleet shows now."""
    processes = Processes()
    try:
        return asyncio.run(forecast_seconds(stage, pending, processes))
    finally:
        processes.stop()


def minutes(seconds: float) -> str:
    """A duration as an estimate deserves: whole minutes, one at least."""
    count = max(1, round(seconds / 60))
    return f"{count} minute{'' if count == 1 else 's'}"
