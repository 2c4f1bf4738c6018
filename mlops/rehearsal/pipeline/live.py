"""Shows a rehearsal while it runs: a moving table in a terminal, plain lines everywhere else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from mlops.rehearsal.pipeline.log_tail import last_lines
from mlops.rehearsal.pipeline.results import StepResult

_MARKS: Final = {
    "Succeeded": ("✓", "green"),
    "Failed": ("✗", "red"),
    "Stopped": ("■", "yellow"),
    "NotExecuted": ("·", "dim"),
}


class Progress(Protocol):
    """Is told what happens; called from several threads."""

    def note(self, text: str) -> None:
        """Something beside the steps happens."""

    def started(self, name: str, kind: str) -> None:
        """A step starts."""

    def ended(self, result: StepResult) -> None:
        """A step has ended."""


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """Progress on a console, as its kind allows."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    table = _Table()
    try:
        with Live(table, console=console, refresh_per_second=8, transient=True):
            yield table
    finally:
        for result in table.failed:
            _print_log(result, console)


def ending(result: StepResult) -> Text:
    """A step's end on one line."""
    mark, colour = _MARKS[result.status]
    text = Text(f"{mark} {result.name}", style=colour)
    if result.reused_from:
        text.append(f"  reused from {result.reused_from}", style="cyan")
    elif result.status != "NotExecuted":
        text.append(f"  {result.seconds:.1f} s", style="dim")
    if result.failure:
        text.append(f"  {result.failure}", style=colour)
    return text


def _print_log(result: StepResult, console: Console) -> None:
    """The end of a failed step's log, and where all of it is."""
    if result.status != "Failed" or result.log is None:
        return
    console.print(Text(f"  {result.name}: {result.log} ends with"), soft_wrap=True)
    for line in last_lines(result.log):
        console.print(Text(f"    {line}", style="dim"), soft_wrap=True)


class _Lines:
    """One line per event."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def started(self, name: str, kind: str) -> None:
        self._console.print(Text(f"  {name} ({kind}) starts"), soft_wrap=True)

    def ended(self, result: StepResult) -> None:
        self._console.print(Text("  ").append_text(ending(result)), soft_wrap=True)
        _print_log(result, self._console)


class _Table:
    """The steps with a spinner at those that run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: list[str] = []
        self._running: dict[str, tuple[float, Spinner]] = {}
        self._ended: list[StepResult] = []

    @property
    def failed(self) -> list[StepResult]:
        """Steps that failed, in the order in which they ended."""
        return [result for result in self._ended if result.status == "Failed"]

    def note(self, text: str) -> None:
        with self._lock:
            self._notes.append(text)

    def started(self, name: str, kind: str) -> None:
        with self._lock:
            self._running[name] = (time.monotonic(), Spinner("dots", f"{name} ({kind})"))

    def ended(self, result: StepResult) -> None:
        with self._lock:
            self._running.pop(result.name, None)
            self._ended.append(result)

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            for note in self._notes:
                table.add_row(Text(note, style="dim"), "")
            for result in self._ended:
                table.add_row(ending(result), "")
            for started, spinner in self._running.values():
                table.add_row(spinner, f"{time.monotonic() - started:.0f} s")
        return table
