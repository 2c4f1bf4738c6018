"""Keeps what a rehearsal found: a page for people, JSON for programs, a summary in the terminal."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlops.registry.table import metrics_table
from mlops.rehearsal.pipeline.live import ending
from mlops.rehearsal.pipeline.page import page
from mlops.rehearsal.pipeline.results import Execution
from mlops.sheet import PAGE, write_folder

RECORD = "execution.json"
_SHOWN_CHARACTERS: Final = 160
"""Of an example's answer, in a terminal."""


def write(execution: Execution) -> None:
    """Write both files; the folder appears complete or not at all."""
    files = {PAGE: page(execution), RECORD: record(execution)}
    write_folder(execution.report, files)


def record(execution: Execution) -> str:
    """The execution as JSON."""
    content = dataclasses.asdict(execution)
    return json.dumps(content, indent=2, default=_text) + "\n"


def print_summary(execution: Execution, console: Console) -> None:
    """Steps, gates, metrics, version and answers, and where the page is."""
    if console.is_terminal:
        # The live table is gone by now; without one, each line has been printed already.
        for step in execution.steps:
            console.print(Text("  ").append_text(ending(step)), soft_wrap=True)
    if execution.metrics:
        console.print(metrics_table(execution.metrics))
    if execution.gates:
        console.print(_gates(execution))
    shown = _SHOWN_CHARACTERS if console.is_terminal else None
    for line in _lines(execution, shown):
        console.print(line, soft_wrap=True)


def _gates(execution: Execution) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("gate", "value", "must be", ""):
        table.add_column(heading)
    for gate in execution.gates:
        verdict = Text("passed", "green") if gate.passed else Text("failed", "red")
        table.add_row(
            gate.name, _figure(gate.value), f"{gate.comparison} {_figure(gate.limit)}", verdict
        )
    return table


def _lines(execution: Execution, shown: int | None) -> Iterator[Text]:
    if execution.reused:
        yield Text(f"reused: {', '.join(execution.reused)}", "cyan")
    if execution.version:
        version = execution.version
        yield Text(f"registered: {version.group} version {version.number}, {version.status}")
    if execution.replay:
        yield from _replay_lines(execution, shown)
    colour = "green" if execution.succeeded else "red"
    yield Text(f"{execution.status} in {execution.seconds:.1f} s", f"bold {colour}")
    if execution.failure:
        yield Text(execution.failure, "red")
    yield Text(f"report: {execution.report / PAGE}")


def _replay_lines(execution: Execution, shown: int | None) -> Iterator[Text]:
    replay = execution.replay
    if replay is None:
        return
    for kind, answers in (("recorded answers", replay.recorded), ("examples", replay.promised)):
        same = sum(answer.matches for answer in answers)
        yield Text(f"served: {same} of {len(answers)} {kind} matched")
    for answer in replay.promised[:1]:
        yield Text(f"for example {answer.name}: {json.dumps(answer.answer)[:shown]}", "dim")


def _figure(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
