"""The end of a step's log, for whoever looks at a terminal after the step failed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LINES: Final = 10
_BYTES: Final = 65_536
_WIDTH: Final = 200


def last_lines(log: Path, *, count: int = LINES) -> list[str]:
    """The last lines with text; a traceback inside a JSON line counts as its own lines."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _BYTES))
        text = file.read().decode("utf-8", errors="replace")
    lines = [line for raw in text.splitlines() for line in _unfolded(raw) if line.strip()]
    return [_plain(line) for line in lines[-count:]]


def _unfolded(line: str) -> Iterator[str]:
    try:
        record = json.loads(line)
    except ValueError:
        yield line
        return
    trace = record.get("traceback") if isinstance(record, dict) else None
    if not isinstance(trace, str):
        yield line
        return
    yield from trace.splitlines()


def _plain(line: str) -> str:
    """A line that neither moves the cursor nor fills the screen."""
    shown = "".join(sign if sign.isprintable() or sign == "\t" else " " for sign in line)
    return shown if len(shown) <= _WIDTH else f"{shown[: _WIDTH - 1]}…"
