"""Where the stages' release records are read: files of a rehearsal, or parameters on AWS.

A stage's next deployment writes its record anew, and what failed before is still true then. So the
older ones are read as well: Systems Manager keeps the last hundred values of a parameter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from mlops.contract import Names, StageSpec
from mlops.release.errors import ReleaseError
from mlops.release.status.live import ClientFactory
from mlops.rollout.record import ReleaseRecord

_REMEDY: Final = "remedy: the next deployment of the stage writes it anew"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The records of one model in one stage."""

    records: tuple[ReleaseRecord, ...] = ()
    """Oldest first; without the values that are not a record of this model and stage."""
    unread: str | None = None
    """Why the newest value is none of them; None where it is, or where there is no value."""

    @property
    def last(self) -> ReleaseRecord | None:
        """The record of the last deployment; None where there is none, or it cannot be read."""
        return self.records[-1] if self.records and self.unread is None else None


class Records(Protocol):
    """How the releases of each model went in each stage."""

    def read(self, stage: StageSpec, model: str) -> Recorded:
        """The records; none where nothing was released yet.

        Raises:
            ReleaseError: the stage cannot be asked.
        """


@dataclass(frozen=True, kw_only=True)
class RecordFiles:
    """Records of rehearsals: `<folder>/<stage>/<model>.jsonl`, a line per deployment."""

    folder: Path

    def read(self, stage: StageSpec, model: str) -> Recorded:
        """The records of the rehearsals.

        Raises:
            ReleaseError: the file cannot be read.
        """
        path = self._path(stage, model)
        try:
            # A file without a line was emptied: the first record made it.
            lines = path.read_text("utf-8").splitlines() or [""]
        except FileNotFoundError:
            return Recorded()
        except OSError as error:
            raise ReleaseError(f"{path}: cannot be read: {error.strerror}; {_REMEDY}") from error
        except UnicodeDecodeError as error:
            raise ReleaseError(
                f"{path}: is not a release record: is not text; {_REMEDY}"
            ) from error
        return recorded(lines, str(path), stage, model)

    def add(self, stage: StageSpec, model: str, text: str) -> None:
        """Keep what a deployment recorded, unless it is what the last one did."""
        path = self._path(stage, model)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        if lines[-1:] != [text]:
            path.write_text("".join(f"{line}\n" for line in [*lines, text]), "utf-8")

    def _path(self, stage: StageSpec, model: str) -> Path:
        return self.folder / stage.name / f"{model}.jsonl"


@dataclass(frozen=True, kw_only=True)
class RecordParameters:
    """Records of the stages' accounts, each read with credentials of its own."""

    names: Names
    clients: Callable[[StageSpec], ClientFactory]
    """Raises ReleaseError where there is no way into the stage."""
    _opened: dict[str, ClientFactory | ReleaseError] = field(
        default_factory=dict, repr=False, compare=False
    )

    def read(self, stage: StageSpec, model: str) -> Recorded:
        """The records that the stage's deployments left.

        Raises:
            ReleaseError: no access to the stage.
        """
        name = self.names.release_record(stage, model)
        try:
            pages = self._of(stage)("ssm").get_paginator("get_parameter_history")
            kept = [one for page in pages.paginate(Name=name) for one in page["Parameters"]]
        except ClientError as error:
            details = error.response["Error"]
            if details["Code"] == "ParameterNotFound":
                return Recorded()
            raise ReleaseError(f"{name}: {details['Message']} ({details['Code']})") from error
        except BotoCoreError as error:
            raise ReleaseError(f"{name}: {error}") from error
        values = [one["Value"] for one in sorted(kept, key=lambda one: int(one["Version"]))]
        return recorded(values, name, stage, model)

    def _of(self, stage: StageSpec) -> ClientFactory:
        """The stage's clients; a stage without access is asked once, not once per model."""
        if stage.name not in self._opened:
            try:
                self._opened[stage.name] = self.clients(stage)
            except ReleaseError as error:
                self._opened[stage.name] = error
        found = self._opened[stage.name]
        if isinstance(found, ReleaseError):
            raise found
        return found


def recorded(values: Sequence[str], place: str, stage: StageSpec, model: str) -> Recorded:
    """The records in the values that one place ever had, oldest first."""
    found: list[ReleaseRecord] = []
    unread = None
    for value in values:
        try:
            found.append(_record(value, place, stage, model))
            unread = None
        except ValueError as error:
            unread = str(error)
    return Recorded(records=tuple(found), unread=unread)


def _record(text: str, place: str, stage: StageSpec, model: str) -> ReleaseRecord:
    """The record in a value.

    Raises:
        ValueError: it holds none of this model and stage; the message says where and what to do.
    """
    try:
        record = ReleaseRecord.from_json(text)
    except ValueError as error:
        raise ValueError(f"{place}: is not a release record: {error}; {_REMEDY}") from error
    if (record.stage, record.model) != (stage.name, model):
        raise ValueError(
            f"{place}: is the record of {record.model} in {record.stage}; allowed: {model} in "
            f"{stage.name}; {_REMEDY}"
        )
    return record
