"""Keeps what a delivery rehearsal found: a page for people, JSON for programs, a table for now."""

import dataclasses
import json
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlops.rehearsal.delivery.page import page
from mlops.rehearsal.delivery.results import DeliveryRehearsal
from mlops.sheet import PAGE

RECORD: Final = "delivery.json"


def write(rehearsal: DeliveryRehearsal) -> None:
    """Write both files beside the pages of the deployments, which are there already."""
    rehearsal.report.mkdir(parents=True, exist_ok=True)
    for name, text in ((RECORD, record(rehearsal)), (PAGE, page(rehearsal))):
        (rehearsal.report / name).write_text(text, "utf-8")


def record(rehearsal: DeliveryRehearsal) -> str:
    """The rehearsal as JSON, without the minutes of each deployment, which have their own."""
    content = dataclasses.asdict(rehearsal)
    for chapter in content["chapters"]:
        for act in chapter["acts"]:
            for stage in act.get("stages", ()):
                stage["deployment"] = stage["deployment"] and stage["deployment"]["observed"]
    return json.dumps(content, indent=1, default=str) + "\n"


def print_summary(rehearsal: DeliveryRehearsal, console: Console) -> None:
    """Where everything ended, what was not as it must be, and where the page is."""
    console.print(_table(rehearsal))
    for number, status in rehearsal.statuses.items():
        said = f"version {number}: {status}"
        reason = rehearsal.reasons.get(number)
        console.print(Text(f"{said}: {reason}" if reason else said), soft_wrap=True)
    for objection in rehearsal.objections:
        console.print(Text(objection, "red"), soft_wrap=True)
    ending = "as expected" if rehearsal.as_expected else "not as expected"
    colour = "bold green" if rehearsal.as_expected else "bold red"
    console.print(Text(f"{ending} in {rehearsal.seconds:.0f} s", colour))
    console.print(Text(f"report: {rehearsal.report / PAGE}"), soft_wrap=True)


def _table(rehearsal: DeliveryRehearsal) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("stage", "pinned", "runs"):
        table.add_column(heading)
    for stage, pin in rehearsal.pins.items():
        table.add_row(stage, str(pin), str(rehearsal.live.get(stage, "-")))
    return table
