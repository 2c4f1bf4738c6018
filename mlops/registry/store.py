"""The folder that holds a local registry: one JSON file per group and per version.

A file appears complete or not at all, and only one process writes at a time, so neither Ctrl-C nor
a second rehearsal can lose or halve a version. What a disk or an editor broke is told by its path;
the other versions stay usable.
"""

import fcntl
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from mlops.registry.errors import BrokenRecordError, StoreBusyError

Record = dict[str, Any]
Keys = Mapping[str, type | tuple[type, ...]]

LOCK_TIMEOUT_SECONDS: Final = 10.0
_GROUP_FILE: Final = "group.json"
_GROUP_REMEDY: Final = (
    "`mlops rehearse pipeline <model>` writes it again and keeps the versions beside it"
)
_VERSION_REMEDY: Final = (
    "restore or remove this file; a removed version is registered again by a rehearsal"
)
_VERSION_FILES: Final = "[0-9]*.json"
_GROUP_KEYS: Final[Keys] = {
    "ModelPackageGroupName": str,
    "ModelPackageGroupArn": str,
    "CreationTime": (int, float),
}
_VERSION_KEYS: Final[Keys] = {
    "ModelPackageGroupName": str,
    "ModelPackageVersion": int,
    "ModelPackageArn": str,
    "ModelApprovalStatus": str,
    "CreationTime": (int, float),
}
_LOG: Final = logging.getLogger(__name__)


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
        """Every group that can be read, in name order."""
        paths = sorted(self.folder.glob(f"*/{_GROUP_FILE}"))
        return list(_readable(paths, _GROUP_KEYS))

    def group(self, name: str) -> Record | None:
        """One group, or None.

        Raises:
            BrokenRecordError: its file holds no record, or is gone from beside its versions.
        """
        path = self.folder / name / _GROUP_FILE
        record = _read_if_there(path, _GROUP_KEYS)
        if record is None and self.last_number(name):
            raise _broken(path, "is gone")
        return record

    def put_group(self, name: str, record: Record) -> None:
        """Write a group; what stood there and was no record is replaced."""
        path = self.folder / name / _GROUP_FILE
        if path.is_dir():
            shutil.rmtree(path)
        _write(path, record)

    def versions(self, group: str) -> list[Record]:
        """Every version of a group that can be read, in number order."""
        paths = sorted(self._version_paths(group), key=lambda path: int(path.stem))
        return list(_readable(paths, _VERSION_KEYS))

    def last_number(self, group: str) -> int:
        """The highest number that was given to a version, readable or not; 0 before the first."""
        return max((int(path.stem) for path in self._version_paths(group)), default=0)

    def version(self, group: str, number: int) -> Record | None:
        """One version, or None.

        Raises:
            BrokenRecordError: its file holds no record.
        """
        return _read_if_there(self._version_path(group, number), _VERSION_KEYS)

    def put_version(self, group: str, number: int, record: Record) -> None:
        """Write a version."""
        _write(self._version_path(group, number), record)

    def _version_paths(self, group: str) -> list[Path]:
        return [p for p in (self.folder / group).glob(_VERSION_FILES) if p.stem.isdecimal()]

    def _version_path(self, group: str, number: int) -> Path:
        return self.folder / group / f"{number}.json"


def _acquire(lock: IO[str]) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreBusyError(
                    f"{lock.name}: is held by another process; remedy: run it again when the "
                    "other rehearsal has ended"
                ) from None
            time.sleep(0.01)
        else:
            return


def _readable(paths: Iterable[Path], keys: Keys) -> Iterator[Record]:
    for path in paths:
        try:
            yield _read(path, keys)
        except BrokenRecordError as error:
            _LOG.warning("left out: %s", error)


def _read(path: Path, keys: Keys) -> Record:
    try:
        record = json.loads(path.read_text("utf-8"))
    except (IsADirectoryError, NotADirectoryError) as error:
        raise _broken(path, "is not a file") from error
    except ValueError as error:
        problem = "holds no JSON" if path.stat().st_size else "is empty"
        raise _broken(path, problem) from error
    except RecursionError as error:
        raise _broken(path, "is nested too deeply") from error
    if not isinstance(record, dict):
        raise _broken(path, "holds no JSON object")
    for key, kind in keys.items():
        if not isinstance(record.get(key), kind):
            raise _broken(path, f"says no {key}")
    return record


def _broken(path: Path, problem: str) -> BrokenRecordError:
    remedy = _GROUP_REMEDY if path.name == _GROUP_FILE else _VERSION_REMEDY
    return BrokenRecordError(
        f"{path}: {problem}, so it is not a record of the local registry; remedy: {remedy}"
    )


def _read_if_there(path: Path, keys: Keys) -> Record | None:
    try:
        return _read(path, keys)
    except FileNotFoundError:
        return None


def _write(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=2, sort_keys=True) + "\n")
            # Without this, a machine that stops now may keep the new name and lose the content.
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        # A full disk is reported by the write, which knows no name.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        Path(temporary).unlink(missing_ok=True)
