"""Where the stages' release records are read: files of a rehearsal, or parameters on AWS."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from mlops.contract import Names, StageSpec
from mlops.release.errors import ReleaseError
from mlops.release.live import ClientFactory
from mlops.rollout.record import ReleaseRecord

_REMEDY: Final = "remedy: the next deployment of the stage writes it anew"


class Records(Protocol):
    """The last release of each model in each stage."""

    def read(self, stage: StageSpec, model: str) -> ReleaseRecord | None:
        """The record, or None where nothing was released yet.

        Raises:
            ReleaseError: it cannot be read.
        """


@dataclass(frozen=True, kw_only=True)
class RecordFiles:
    """Records of rehearsals: `<folder>/<stage>/<model>.json`."""

    folder: Path

    def read(self, stage: StageSpec, model: str) -> ReleaseRecord | None:
        """The record of the last rehearsal.

        Raises:
            ReleaseError: the file cannot be read, or holds no record of this stage and model.
        """
        path = self.folder / stage.name / f"{model}.json"
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ReleaseError(f"{path}: cannot be read: {error.strerror}; {_REMEDY}") from error
        except UnicodeDecodeError as error:
            raise ReleaseError(f"{path}: is no release record: is no text; {_REMEDY}") from error
        return _record(text, str(path), stage, model)


@dataclass(frozen=True, kw_only=True)
class RecordParameters:
    """Records of the stages' accounts, each read with credentials of its own."""

    names: Names
    clients: Callable[[StageSpec], ClientFactory]
    """Raises ReleaseError where there is no way into the stage."""
    _opened: dict[str, ClientFactory | ReleaseError] = field(
        default_factory=dict, repr=False, compare=False
    )

    def read(self, stage: StageSpec, model: str) -> ReleaseRecord | None:
        """The record that the stage's last deployment left.

        Raises:
            ReleaseError: no access to the stage, or the parameter holds no record of this model.
        """
        name = self.names.release_record(stage, model)
        try:
            answer = self._of(stage)("ssm").get_parameter(Name=name)
        except ClientError as error:
            details = error.response["Error"]
            if details["Code"] == "ParameterNotFound":
                return None
            raise ReleaseError(f"{name}: {details['Message']} ({details['Code']})") from error
        except BotoCoreError as error:
            raise ReleaseError(f"{name}: {error}") from error
        return _record(answer["Parameter"]["Value"], name, stage, model)

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


def _record(text: str, place: str, stage: StageSpec, model: str) -> ReleaseRecord:
    try:
        record = ReleaseRecord.from_json(text)
    except ValueError as error:
        raise ReleaseError(f"{place}: is no release record: {error}; {_REMEDY}") from error
    if (record.stage, record.model) != (stage.name, model):
        raise ReleaseError(
            f"{place}: is the record of {record.model} in {record.stage}; allowed: {model} in "
            f"{stage.name}; {_REMEDY}"
        )
    return record
