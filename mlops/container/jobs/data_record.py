"""Records which data a job was given: the hash of what its data channel holds.

Runs before a model's own code, so that the registry's `data_version` is what was read and not what
whoever started the execution stated. One file is known by its SHA-256, as `mlops data publish`
knows it; several by the SHA-256 of their sorted lines "<sha256>  <name>", as `sha256sum` writes
them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from pathlib import Path

from . import job


def main(log: logging.Logger) -> None:
    """Read the folder of the first argument, write the file of the second."""
    folder, record = (Path(argument) for argument in sys.argv[1:])
    version = version_of(folder)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"version": version}), encoding="utf-8")
    log.info("data recorded", extra={"version": version})


def version_of(folder: Path) -> str:
    """The version of the data in a folder.

    Raises:
        DataError: there is none.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise job.DataError(f"{folder}: holds no data")
    if len(files) == 1:
        return _sha256(files[0])
    lines = "".join(f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    job.run("data_record", main)
