"""What the two jobs are given: CSV files of rows, and one JSON file that describes the analysis."""

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from .columns import Values
from .errors import MonitoringError
from .outcome import Outcome
from .schema import Field, Schema
from .settings import Settings

_GZIP_MAGIC: Final = b"\x1f\x8b"
_CSV_SUFFIXES: Final = (".csv", ".gz")
_KEYS: Final = (
    "about", "baseline_sha256", "dimensions", "expected_requests", "captured_share", "outcome",
    "settings",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Job:
    """How windows of one endpoint are analysed; everything may be left out."""

    about: Mapping[str, str] = field(default_factory=dict)
    """What report and page call the window by, such as model and stage."""
    baseline_sha256: str | None = None
    """Content of the baseline's folder as it was registered; None believes any."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """Of every metric, beside the metric's own."""
    expected_requests: float | None = None
    """Captured requests that a window usually has."""
    captured_share: float = 1.0
    """Share of the requests that are captured: of the labels, as many can join one."""
    outcome: Mapping[str, Any] | None = None
    """How answers and labels are read; the problem's type is the contract's unless it says."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds that differ from the baseline's."""
    source: str = "the job"

    @classmethod
    def read(cls, path: Path) -> "Job":
        """The job of a JSON file.

        Raises:
            MonitoringError: it cannot be read, or says what cannot be meant.
        """
        content = read_json(path)
        strange = sorted(content.keys() - set(_KEYS))
        if strange:
            raise MonitoringError(
                f"{path}: {strange[0]} is not a key; allowed: {', '.join(_KEYS)}; remedy: "
                "correct or remove it"
            )
        for key in ("about", "dimensions", "outcome", "settings"):
            is_left_out = key == "outcome" and content.get(key) is None
            if not is_left_out and not isinstance(content.get(key, {}), dict):
                raise _refused(path, key, content[key], "an object")
        for key in ("about", "dimensions"):
            if not all(isinstance(value, str) for value in content.get(key, {}).values()):
                raise _refused(path, key, content[key], "an object of texts")
        digest = content.get("baseline_sha256")
        if digest is not None and not isinstance(digest, str):
            raise _refused(path, "baseline_sha256", digest, "64 hexadecimal digits, or null")
        expected = content.get("expected_requests")
        if expected is not None and not _is_amount(expected):
            raise _refused(path, "expected_requests", expected, "a number above 0, or null")
        share = content.get("captured_share", 1)
        if not _is_amount(share) or share > 1:
            raise _refused(path, "captured_share", share, "a number above 0, up to 1")
        return cls(**content, source=str(path))

    def settings_over(self, defaults: Settings) -> Settings:
        """The baseline's settings, with this job's in their place where it has some."""
        return Settings.read(defaults.to_json() | dict(self.settings), source=self.source)

    def outcome_for(self, contract: Mapping[str, Any], schema: Schema) -> Outcome:
        """How labels of this model are read.

        Raises:
            MonitoringError: the job does not say, or names no field of the answer.
        """
        if self.outcome is None:
            raise MonitoringError(
                f"{self.source}: there are labels and no outcome; allowed: an object that names "
                "the answer's field in `prediction`; remedy: add the key outcome"
            )
        problem = contract.get("problem", {})
        known = {"problem": problem["type"]} if "type" in problem else {}
        return Outcome.read(known | dict(self.outcome), schema, source=self.source)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        MonitoringError: there is no such file, or it holds something else.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MonitoringError(
            f"{path}: cannot be read ({error.strerror}); remedy: check the path and its rights"
        ) from error
    except ValueError as error:
        raise MonitoringError(f"{path}: is not JSON ({error}); remedy: correct it") from error
    if not isinstance(content, dict):
        raise MonitoringError(
            f"{path}: is not a JSON object; allowed: an object; remedy: correct it"
        )
    return content


def read_rows(path: Path, fields: Sequence[Field]) -> dict[str, Values]:
    """The columns of a CSV file with a header, or of all such files in a folder, one after another.

    Columns that are not fields are passed over, and fields without a column are left out. Cells are
    read as the endpoint reads them: a blank one is null.

    Raises:
        MonitoringError: there is no such file, it is not CSV, or files have different columns.
    """
    columns: dict[str, list[object]] | None = None
    for file in _csv_files(path):
        found = _file_columns(file, fields)
        if columns is None:
            columns = found
        elif columns.keys() != found.keys():
            raise MonitoringError(
                f"{file}: has other columns than the files before it; allowed: one header for all "
                "files of a folder; remedy: write them alike"
            )
        else:
            for name, values in found.items():
                columns[name].extend(values)
    return dict(columns or {})


def _csv_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in _CSV_SUFFIXES)
    if not files:
        raise MonitoringError(
            f"{path}: holds no file; allowed: files that end in {' or '.join(_CSV_SUFFIXES)}; "
            "remedy: check the path"
        )
    return files


def _file_columns(path: Path, fields: Sequence[Field]) -> dict[str, list[object]]:
    try:
        reader = csv.reader(io.StringIO(_text(path)), strict=True)
        header = next(reader, [])
        rows = [row for row in reader if row]
    except (csv.Error, UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MonitoringError(f"{path}: is not CSV ({error}); remedy: write it again") from error
    except OSError as error:
        raise MonitoringError(
            f"{path}: cannot be read ({error.strerror}); remedy: check the path and its rights"
        ) from error
    broken = next((place for place, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if broken is not None:
        raise MonitoringError(
            f"{path}:{broken}: has another number of cells than the header; remedy: write it again"
        )
    places = {name: place for place, name in enumerate(header)}
    return {
        known.name: [known.parse(row[places[known.name]]) for row in rows]
        for known in fields
        if known.name in places
    }


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(_GZIP_MAGIC):
        content = gzip.decompress(content)
    return content.decode("utf-8-sig")


def _is_amount(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value > 0


def _refused(path: Path, key: str, value: object, allowed: str) -> MonitoringError:
    return MonitoringError(
        f"{path}: {key} is {value!r}; allowed: {allowed}; remedy: correct or remove it"
    )
