"""A model archive as the registry keeps it: unpacked, and asked through its own code."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .contract import Row
from .job import DataError, JobError

FILE = "model.tar.gz"
ROWS_PER_REQUEST = 1000
TIMEOUT_SECONDS = 600
_DRIVER = Path(__file__).with_name("replay.py")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request as it travels."""

    request: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One version of the model, unpacked."""

    folder: Path

    @classmethod
    def unpack(cls, channel: Path, target: Path) -> Archive:
        """The archive that a channel holds.

        Raises:
            DataError: there is none, it is broken, or it would write outside its folder.
        """
        path = channel / FILE
        try:
            with tarfile.open(path, "r:gz") as packed:
                members = [_harmless(member, path) for member in packed.getmembers()]
                packed.extractall(target, members)  # noqa: S202 - each member was checked above
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            raise DataError(f"{path}: cannot be unpacked: {error}") from error
        return cls(folder=target)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The fields that this version knows; an older one may know fewer."""
        content = json.loads((self.folder / "code/contract.json").read_text("utf-8"))
        return tuple(field["name"] for field in content["schema"]["input"])

    def answers(self, cases: Sequence[Case]) -> list[Any]:
        """The version's answers, given by its own code in a process of its own.

        Raises:
            JobError: the process fails or hangs; the text ends with its last line.
        """
        lines = "".join(json.dumps(vars(case)) + "\n" for case in cases)
        command = [sys.executable, str(_DRIVER), str(self.folder)]
        try:
            done = subprocess.run(  # noqa: S603 - our interpreter, our driver, a folder of ours
                command, input=lines, capture_output=True, text=True,
                timeout=TIMEOUT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise JobError(f"{self.folder.name}: no answer in {TIMEOUT_SECONDS} s") from error
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise JobError(f"the {self.folder.name} version cannot answer: {reason}")
        return [json.loads(line)["answer"] for line in done.stdout.splitlines()]

    def predictions(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        """The output columns for typed rows, of which it is shown the fields it knows."""
        known = self.input_names
        chunks = _chunks([{name: row[name] for name in known if name in row} for row in rows])
        cases = [Case(request=json.dumps(c), content_type="application/json") for c in chunks]
        flat = [answer for answers in self.answers(cases) for answer in answers]
        return {name: [answer[name] for answer in flat] for name in flat[0]}


def _chunks(rows: list[Row]) -> Iterable[list[Row]]:
    for start in range(0, len(rows), ROWS_PER_REQUEST):
        yield rows[start : start + ROWS_PER_REQUEST]


def _harmless(member: tarfile.TarInfo, path: Path) -> tarfile.TarInfo:
    # Written out because the `filter` argument is younger than some Python 3.11 of distributions.
    inside = not member.name.startswith("/") and ".." not in Path(member.name).parts
    if inside and (member.isfile() or member.isdir()):
        return member
    raise DataError(f"{path}: {member.name!r} is no file or folder inside the archive")
