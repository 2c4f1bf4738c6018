"""Keeps what a canary rehearsal found: a page for people, JSON for programs, a table for now."""

import dataclasses
import json
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlops.dashboards.page import FILE as DASHBOARD
from mlops.rehearsal.canary.dashboard import dashboard
from mlops.rehearsal.canary.page import detection, page
from mlops.rehearsal.canary.results import CanaryRehearsal, DeploymentResult
from mlops.sheet import PAGE, write_folder

RECORD: Final = "canary.json"
_COLUMNS: Final = (
    "fault", "expected", "observed", "detected after", "harmed", "lost", "of", "alarm", "",
)  # fmt: skip


def write(rehearsal: CanaryRehearsal) -> None:
    """Write all files; the folder appears complete or not at all."""
    files = {
        PAGE: page(rehearsal),
        RECORD: record(rehearsal),
        DASHBOARD: dashboard(rehearsal),
    }
    write_folder(rehearsal.report, files)


def record(rehearsal: CanaryRehearsal) -> str:
    """The rehearsal as JSON; what the contract says is not repeated."""
    content = dataclasses.asdict(rehearsal)
    del content["served"]
    for entry, result in zip(content["deployments"], rehearsal.deployments, strict=True):
        entry["objections"] = result.objections
    return json.dumps(content, indent=1, default=str) + "\n"


def line(result: DeploymentResult) -> Text:
    """One deployment's end on one line."""
    mark, colour = ("✓", "green") if result.as_expected else ("✗", "red")
    text = Text(f"{mark} {result.fault}: {result.observed}", style=colour)
    text.append(f"  {result.pace.seconds:.1f} s", style="dim")
    if result.objections:
        text.append(f"  {'; '.join(result.objections)}", style=colour)
    return text


def print_summary(rehearsal: CanaryRehearsal, console: Console) -> None:
    """The table, what was not as expected, and where the page is."""
    console.print(_table(rehearsal))
    for result in rehearsal.deployments:
        if not result.as_expected:
            reasons = "; ".join((*result.objections, *result.reasons))
            console.print(Text(f"{result.fault}: {reasons}", "red"), soft_wrap=True)
    for note in dict.fromkeys(note for result in rehearsal.deployments for note in result.notes):
        console.print(Text(f"mind: {note}", "yellow"), soft_wrap=True)
    good = sum(result.as_expected for result in rehearsal.deployments)
    console.print(
        Text(
            f"{good} of {len(rehearsal.deployments)} as expected in {rehearsal.seconds:.0f} s",
            "bold green" if rehearsal.as_expected else "bold red",
        )
    )
    console.print(Text(f"report: {rehearsal.report / PAGE}"), soft_wrap=True)


def _table(rehearsal: CanaryRehearsal) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for result in rehearsal.deployments:
        good = result.as_expected
        table.add_row(
            result.fault,
            result.expected,
            Text(result.observed, "green" if good else "red"),
            detection(result),
            str(result.harm.harmed),
            str(result.harm.lost),
            str(result.harm.requests),
            ", ".join(alarm_keys(rehearsal, result)) or "-",
            Text("✓", "green") if good else Text("✗", "red"),
        )
    return table


def alarm_keys(rehearsal: CanaryRehearsal, result: DeploymentResult) -> list[str]:
    """The alarms that fired, without what all their names have in common."""
    prefix = f"{rehearsal.endpoint.name}-rollback-"
    return [name.removeprefix(prefix).rpartition("-")[0] or name for name in result.alarms]
