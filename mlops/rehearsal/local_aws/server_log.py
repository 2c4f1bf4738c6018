"""What a model server's log says: its port, its events, its last words.

The model's code writes into the same log, and need not end its lines.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def port_in(log: Path) -> int:
    """The port that the server's `listening` line names; 0 as long as it has not."""
    for record in records(log):
        if record.get("event") == "listening":
            return int(record["port"])
    return 0


def last_line(log: Path) -> str:
    """What the server or its model said last."""
    return next(reversed(_lines(log)), "no output")


def records(log: Path) -> Iterator[dict[str, Any]]:
    """The server's own lines, whatever stands before them on the same line."""
    for line in _lines(log):
        record = _record(line)
        if record is not None:
            yield record


def _record(line: str) -> dict[str, Any] | None:
    start = line.find('{"')
    while start >= 0:
        try:
            record = json.loads(line[start:])
        except ValueError:
            start = line.find('{"', start + 1)
        else:
            return record if isinstance(record, dict) else None
    return None


def _lines(log: Path) -> list[str]:
    return log.read_text("utf-8", errors="replace").splitlines()
