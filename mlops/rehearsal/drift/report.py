"""Keeps what a replay found: a page for people, JSON for programs, a line for now."""

import dataclasses
import json
from typing import Final

from rich.console import Console
from rich.text import Text

from mlops.dashboards.page import FILE as DASHBOARD
from mlops.rehearsal.drift.dashboard import dashboard
from mlops.rehearsal.drift.page import page
from mlops.rehearsal.drift.results import DriftRehearsal
from mlops.sheet import PAGE

RECORD: Final = "drift.json"


def write(rehearsal: DriftRehearsal) -> None:
    """Write its files beside the windows' own reports, which are there already."""
    rehearsal.report.mkdir(parents=True, exist_ok=True)
    files = {RECORD: record(rehearsal), PAGE: page(rehearsal), DASHBOARD: dashboard(rehearsal)}
    for name, text in files.items():
        (rehearsal.report / name).write_text(text, "utf-8")


def record(rehearsal: DriftRehearsal) -> str:
    """The replay as JSON; what the contract says is not repeated."""
    means = {"error": rehearsal.error, "frozen_error": rehearsal.frozen_error}
    content = dataclasses.asdict(rehearsal) | means
    del content["served"]
    return json.dumps(content, indent=1, default=str) + "\n"


def print_summary(rehearsal: DriftRehearsal, console: Console) -> None:
    """Both errors, the trainings, what was not as it must be, and where the page is."""
    noticed = [period.name for period in rehearsal.periods if "drift" in period.red]
    trained, released = rehearsal.trainings, [one for one in rehearsal.trainings if one.released]
    lines = [
        (
            f"drift detected in {len(noticed)} of {len(rehearsal.periods)} periods: "
            f"{', '.join(noticed) or 'none'}"
        ),
        f"{len(trained)} automatic trainings, {len(released)} of their versions released",
        (
            f"{rehearsal.unit}: {rehearsal.error:.4g} with retraining, "
            f"{rehearsal.frozen_error:.4g} without"
        ),
    ]
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    for objection in rehearsal.objections:
        console.print(Text(objection, "red"), soft_wrap=True)
    ending = "as expected" if rehearsal.as_expected else "not as expected"
    colour = "bold green" if rehearsal.as_expected else "bold red"
    console.print(Text(f"{ending} in {rehearsal.seconds:.0f} s", colour))
    console.print(Text(f"report: {rehearsal.report / PAGE}"), soft_wrap=True)
