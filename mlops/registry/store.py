"""The folder that holds a local registry: one JSON file per group and per version.

A file appears complete or not at all, and only one process writes at a time, so neither Ctrl-C nor
a second rehearsal can lose or halve a version.
"""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

Record = dict[str, Any]

LOCK_TIMEOUT_SECONDS: Final = 10.0
_GROUP_FILE: Final = "group.json"


class StoreBusyError(Exception):
    """Another process holds the registry for longer than a write can take."""


class Store:
    """Groups and versions of one registry folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other writer out.

        Raises:
            StoreBusyError: another process did not let go in time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            _acquire(lock)
            yield

    def groups(self) -> list[Record]:
        """Every group, in name order."""
        return [_read(path) for path in sorted(self.folder.glob(f"*/{_GROUP_FILE}"))]

    def group(self, name: str) -> Record | None:
        """One group, or None."""
        return _read_if_there(self.folder / name / _GROUP_FILE)

    def put_group(self, name: str, record: Record) -> None:
        """Write a group."""
        _write(self.folder / name / _GROUP_FILE, record)

    def versions(self, group: str) -> list[Record]:
        """Every version of a group, in number order."""
        paths = (self.folder / group).glob("[0-9]*.json")
        return [_read(path) for path in sorted(paths, key=lambda path: int(path.stem))]

    def version(self, group: str, number: int) -> Record | None:
        """One version, or None."""
        return _read_if_there(self._version_path(group, number))

    def put_version(self, group: str, number: int, record: Record) -> None:
        """Write a version."""
        _write(self._version_path(group, number), record)

    def _version_path(self, group: str, number: int) -> Path:
        return self.folder / group / f"{number}.json"


def _acquire(lock: IO[str]) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreBusyError(f"{lock.name} is held by another process") from None
            time.sleep(0.01)
        else:
            return


def _read(path: Path) -> Record:
    record = json.loads(path.read_text("utf-8"))
    if not isinstance(record, dict):
        raise TypeError(f"{path} holds no JSON object")
    return record


def _read_if_there(path: Path) -> Record | None:
    try:
        return _read(path)
    except FileNotFoundError:
        return None


def _write(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=2, sort_keys=True) + "\n")
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
