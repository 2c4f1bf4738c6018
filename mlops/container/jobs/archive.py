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

from .bodies import JSON
from .contract import Row
from .job import DataError, JobError

try:
    from content import ContentError, content_of_folder  # type: ignore[import-not-found]  # beside an archive
except ImportError:
    from mlops.rollout.content import ContentError, content_of_folder

FILE = "model.tar.gz"
ROWS_PER_REQUEST = 1000
TIMEOUT_SECONDS = 600
_DRIVER = Path(__file__).with_name("replay.py")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request as it travels."""

    request: str
    content_type: str
    accept: str = JSON
    may_refuse: bool = False


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """In place of an answer to a case that a version may refuse."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One version of the model, unpacked."""

    folder: Path
    content: str
    """Hash of what was unpacked, before any of it ran."""

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
            content = content_of_folder(target).digest
        except (tarfile.TarError, EOFError, zlib.error, OSError, ContentError) as error:
            raise DataError(f"{path}: cannot be unpacked: {error}") from error
        return cls(folder=target, content=content)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The fields that this version knows; an older one may know fewer."""
        return self._names("input")

    @property
    def output_names(self) -> tuple[str, ...]:
        """The fields that this version promises to answer."""
        return self._names("output")

    def answers(self, cases: Sequence[Case]) -> list[Any]:
        """The version's answers, given by its own code in a process of its own.

        JSON as what it says, CSV as its text; a Refusal where a case may be refused and was. What
        the code prints is part of this job's log.

        Raises:
            JobError: the process fails or hangs; the text ends with its last line.
        """
        lines = "".join(json.dumps(vars(case)) + "\n" for case in cases)
        command = [sys.executable, str(_DRIVER), str(self.folder)]
        try:
            done = subprocess.run(  # noqa: S603 - our interpreter, our driver, a folder of ours
                command, input=lines, capture_output=True, encoding="utf-8", errors="replace",
                timeout=TIMEOUT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise JobError(f"{self.folder.name}: no answer in {TIMEOUT_SECONDS} s") from error
        sys.stderr.write(done.stderr)
        answers = [_answer(json.loads(line)) for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(answers) != len(cases):
            ended = f"it ended with exit code {done.returncode} and no output"
            reason = (done.stderr.strip().splitlines() or [ended])[-1]
            raise JobError(f"the {self.folder.name} version cannot answer: {reason}")
        return answers

    def predictions(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        """The output columns for typed rows, of which it is shown the fields it knows.

        Raises:
            DataError: an answer is not what the version's own contract promises.
            JobError: it cannot answer.
        """
        known = self.input_names
        chunks = [*_chunks([{name: row[name] for name in known if name in row} for row in rows])]
        cases = [Case(request=json.dumps(c), content_type=JSON) for c in chunks]
        answers = zip(self.answers(cases), chunks, strict=True)
        flat = [answer for said, chunk in answers for answer in self._promised(said, len(chunk))]
        return {name: [answer[name] for answer in flat] for name in flat[0]}

    def _promised(self, said: Any, rows: int) -> list[dict[str, Any]]:
        """An answer of which every row has the fields that the contract names."""
        expected = f"model.yaml's schema.output: {rows} objects with {', '.join(self.output_names)}"
        if not isinstance(said, list) or len(said) != rows:
            found = f"{len(said)} rows" if isinstance(said, list) else f"{said!r:.80}"
            raise DataError(f"{self._inference}: answers {found}; allowed: {expected}")
        for answer in said:
            if not isinstance(answer, dict) or answer.keys() != said[0].keys():
                raise DataError(f"{self._inference}: answers {answer!r:.80}; allowed: {expected}")
        for name in self.output_names:
            if said and name not in said[0]:
                found = ", ".join(said[0])
                raise DataError(
                    f"{self._inference}: answers {found}, and not {name}; allowed: {expected}"
                )
        return said

    @property
    def _inference(self) -> str:
        return f"inference.py of the {self.folder.name} version"

    def _names(self, side: str) -> tuple[str, ...]:
        content = json.loads((self.folder / "code/contract.json").read_text("utf-8"))
        return tuple(field["name"] for field in content["schema"][side])


def _answer(line: dict[str, Any]) -> Any:
    return Refusal(reason=line["refused"]) if "refused" in line else line["answer"]


def _chunks(rows: list[Row]) -> Iterable[list[Row]]:
    for start in range(0, len(rows), ROWS_PER_REQUEST):
        yield rows[start : start + ROWS_PER_REQUEST]


def _harmless(member: tarfile.TarInfo, path: Path) -> tarfile.TarInfo:
    # Written out because the `filter` argument is younger than some Python 3.11 of distributions.
    inside = not member.name.startswith("/") and ".." not in Path(member.name).parts
    if inside and (member.isfile() or member.isdir()):
        return member
    raise DataError(f"{path}: {member.name!r} is not a file or folder inside the archive")
