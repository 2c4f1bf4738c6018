"""Rehearses a model's canary: finds what would be deployed, and deploys it here once per fault."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from mlops.contract import Platform, StageSpec, load_platform
from mlops.rehearsal.assembly import Assembly
from mlops.rehearsal.canary import report
from mlops.rehearsal.canary.faults import FAULT_NAMES, Expectation, Fault, expectations, faults
from mlops.rehearsal.canary.preparation import Preparation
from mlops.rehearsal.canary.results import CanaryRehearsal, DeploymentResult
from mlops.rehearsal.canary.scene import Scene, Stage
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.interrupts import terminable
from mlops.rehearsal.processes import Processes
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
        preparation = Preparation(
            platform=platform, spec=platform.model(model), stage=_stage(platform, wishes.stage),
            workspace=Workspace.of(root), id=execution_id(), candidate=wishes.candidate,
            seed=wishes.seed, scale=wishes.scale,
        )  # fmt: skip
        began, clock = datetime.now(UTC), time.monotonic()
        stage = preparation.prepared(
            Assembly(assembly), python, lambda text: console.print(text, soft_wrap=True)
        )
        every = faults(objective_seconds=stage.objective_seconds, seed=wishes.seed)
        results = [played(stage, every[name], expected[name], console) for name in wanted]
        rehearsal = CanaryRehearsal(
            id=preparation.id,
            model=model,
            stage=preparation.stage.name,
            began=f"{began:%Y-%m-%d %H:%M:%S} UTC",
            seed=wishes.seed,
            endpoint=stage.endpoint,
            served=preparation.served,
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


def played(
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
