"""`mlops accept`: what the first person with an account runs."""

import json
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import click

from mlops.accept.assumptions import ASSUMPTIONS
from mlops.accept.deployed import deployed
from mlops.accept.ground import Ground
from mlops.accept.ledger import BrokenLedgerError, Ledger
from mlops.accept.probe import Probe
from mlops.accept.report import JSON, PAGE, Report
from mlops.accept.run import Run
from mlops.checks.clients import Clients
from mlops.checks.result import REFUSALS
from mlops.cli.access import Access
from mlops.contract import StageSpec, load_platform
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.freshness import warn_of_age
from mlops.sheet import write_folder

_PROBED = [one.id for one in ASSUMPTIONS if one.probe is not None]


@click.command("accept")
@click.option("--stage", required=True, help="The stage whose account is asked.")
@click.option("--run/--dry-run", default=False, help="Send the requests. Default: print the plan.")
@click.option("--only", multiple=True, type=click.Choice(_PROBED), help="May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--assembly",
    type=click.Path(file_okay=False, path_type=Path),
    help="What was synthesized. Default: cdk.out of the repository.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="[STAGE=]NAME",
    help="AWS profile, of all stages, of one, or of `delivery`; may be repeated.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report: JSON and a page. Default: none is written.",
)
@click.pass_context
def accept(
    context: click.Context,
    *,
    stage: str,
    run: bool,
    only: Sequence[str],
    as_json: bool,
    assembly: Path | None,
    profiles: Sequence[str],
    report: Path | None,
) -> None:
    """Ask an account whether AWS does what this platform assumes. Cleans up after itself.

    Prints what would be asked, and the cost; `--run` asks. The exit code is 1 where something that
    the platform needs does not hold, or something could not be removed.
    """
    platform = load_platform(context.obj)
    known = {one.name: one for one in platform.stages.stages}
    if stage not in known:
        raise click.UsageError(f"there is no stage {stage!r}; allowed: {', '.join(known)}")
    ground = Ground(
        names=platform.names,
        stage=known[stage],
        folder=(assembly or context.obj / "cdk.out").resolve(),
        stamp=datetime.now(UTC).strftime("%Y%m%d%H%M%S"),
    )
    warn_of_age(context.obj, ground.folder, say=partial(click.echo, err=True))
    found = Report(
        stage=stage, account=ground.stage.account, region=ground.stage.region,
        probes=_probes(ground, only), outcomes=None,
    )  # fmt: skip
    if run:
        found = _ran(found, ground, Access(platform.names, profiles), context.obj)
    _say(found, as_json=as_json, folder=report)
    context.exit(1 if found.failed else 0)


def _probes(ground: Ground, only: Sequence[str]) -> tuple[Probe, ...]:
    try:
        built = [one.probe(ground) for one in ASSUMPTIONS if one.probe is not None]
    except RehearsalError as error:
        raise click.UsageError(str(error)) from error
    return tuple(
        probe for probe in built if (probe.assumption in only if only else not probe.disturbs)
    )


def _ran(plan: Report, ground: Ground, access: Access, root: Path) -> Report:
    """The plan, run; a terminated run cleans up like an interrupted one."""
    clients = _clients(access, ground.stage)
    signal.signal(signal.SIGTERM, _interrupted)
    run = Run(clients=clients, ledger=Ledger(path=root / ".mlops" / f"accept-{plan.stage}.json"))
    try:
        names = deployed(ground, clients("stage"))
        probes = tuple(names.applied_to(probe) for probe in plan.probes)
        left = tuple(run.cleaned())
        outcomes = tuple(run.ask(probes))
    except REFUSALS as error:
        raise click.ClickException(f"no access: {error}") from error
    except BrokenLedgerError as error:
        raise click.ClickException(str(error)) from error
    return replace(plan, probes=probes, outcomes=outcomes, left=left)


def _clients(access: Access, stage: StageSpec) -> Callable[[str], Callable[[str], Any]]:
    """Clients by place; whoever asks writes with their own credentials alone."""
    made: dict[str, Clients] = {}

    def of(place: str) -> Clients:
        if place not in made:
            made[place] = access.repositories() if place == "delivery" else access.own(stage)
        return made[place]

    return of


def _say(report: Report, *, as_json: bool, folder: Path | None) -> None:
    data = json.dumps(report.as_data(), indent=1)
    if folder is not None:
        write_folder(folder, {JSON: data + "\n", PAGE: report.page()})
    click.echo(data if as_json else "\n".join(report.lines()))


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
