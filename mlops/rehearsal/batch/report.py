"""Keeps what a batch found: a page for people, JSON for programs, lines for now."""

import dataclasses
import json
from html import escape
from typing import Final

from rich.console import Console
from rich.text import Text

from mlops.metrics import BATCH_EMPTY_FILES
from mlops.rehearsal.batch.results import BatchRehearsal
from mlops.sheet import PAGE, badge, facts, section, sheet, table

RECORD: Final = "batch.json"


def write(rehearsal: BatchRehearsal) -> None:
    """Write both files beside the drift job's own report, where there is one."""
    rehearsal.report.mkdir(parents=True, exist_ok=True)
    for name, text in ((RECORD, record(rehearsal)), (PAGE, page(rehearsal))):
        (rehearsal.report / name).write_text(text, "utf-8")


def record(rehearsal: BatchRehearsal) -> str:
    """The run as JSON."""
    summed = {
        "failure": rehearsal.failure,
        "rows": rehearsal.rows,
        "rows_per_second": rehearsal.rows_per_second,
    }
    return json.dumps(dataclasses.asdict(rehearsal) | summed, indent=1, default=str) + "\n"


def page(rehearsal: BatchRehearsal) -> str:
    """One self-contained HTML file."""
    title = f"Batch of {rehearsal.model} in {rehearsal.stage}"
    ending = badge("failed", "bad") if rehearsal.failure else badge("succeeded", "good")
    about = f"{rehearsal.source}, version {rehearsal.version}; {rehearsal.began}"
    failure = f"<pre>{escape(rehearsal.failure)}</pre>" if rehearsal.failure else ""
    return sheet(
        title,
        [
            f'<h1>{escape(title)} {ending}</h1><p class="sub">{escape(about)}</p>',
            section("Why it failed", failure),
            section("In short", facts(_short(rehearsal))),
            section("Files", _files(rehearsal)),
            section("First lines, joined", _first(rehearsal)),
            section("Steps", _steps(rehearsal)),
            section("What monitoring made of it", _monitored(rehearsal)),
        ],
    )


def print_summary(rehearsal: BatchRehearsal, console: Console) -> None:
    """Rows, refusals, a joined line, what monitoring said, and where the page is."""
    for name, value in _short(rehearsal):
        console.print(Text(f"{name.lower()}: {value}"), soft_wrap=True)
    for line in [line for file in rehearsal.files for line in file.first][:1]:
        console.print(Text(f"for example {json.dumps(line)}"), soft_wrap=True)
    if rehearsal.failure:
        console.print(Text(f"Failed: {rehearsal.failure}", "bold red"), soft_wrap=True)
    else:
        console.print(Text(f"Succeeded in {rehearsal.seconds:.1f} s", "bold green"))
    console.print(Text(f"report: {rehearsal.report / PAGE}"), soft_wrap=True)


def _short(rehearsal: BatchRehearsal) -> list[tuple[str, str]]:
    refused = sum(one.failure is not None for one in rehearsal.files)
    scored = len(rehearsal.files) - refused
    empty = rehearsal.metrics.get(BATCH_EMPTY_FILES.name, 0)
    found = [
        ("Files", f"{scored} scored, {refused} refused, {empty:.0f} empty"),
        ("Rows", str(rehearsal.rows)),
    ]
    if rehearsal.rows:
        requests = sum(one.requests for one in rehearsal.files)
        found.append(("Requests", str(requests)))
        found.append(("Rows per second", f"{rehearsal.rows_per_second:.0f}"))
    if rehearsal.monitored:
        said = f"{rehearsal.monitored.rows} rows read, {rehearsal.monitored.verdict}"
        found.append(("Monitoring", said))
    return found


def _files(rehearsal: BatchRehearsal) -> str:
    rows = [
        [
            escape(one.name),
            str(one.rows),
            str(one.requests),
            f"{one.seconds:.2f} s",
            escape(one.failure or "all lines were answered"),
        ]
        for one in rehearsal.files
    ]
    return table(("File", "Rows answered", "Requests", "Took", "Ended"), rows)


def _first(rehearsal: BatchRehearsal) -> str:
    lines = [json.dumps(line) for file in rehearsal.files for line in file.first]
    return f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def _steps(rehearsal: BatchRehearsal) -> str:
    rows = [
        [escape(one.name), escape(one.kind), one.status, f"{one.seconds:.2f} s"]
        for one in rehearsal.steps
    ]
    return table(("Step", "Type", "Ended", "Took"), rows)


def _monitored(rehearsal: BatchRehearsal) -> str:
    found = rehearsal.monitored
    if found is None:
        return ""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in found.reasons)
    said = f"{found.rows} rows could be used; the window is {found.verdict}."
    link = f'<a href="{escape(found.page)}">The drift job&#39;s own report</a>'
    return f"<p>{escape(said)} {link}</p><ul>{reasons}</ul>"
