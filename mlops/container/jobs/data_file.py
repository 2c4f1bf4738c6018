"""The one raw file that a model is made of: found, verified, read line by line."""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from .job import DataError

_T = TypeVar("_T")
NO_DAY = "none"
"""What the pipeline says where the contract names no day."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the file, its cells by column."""

    number: int
    cells: dict[str, str]

    def parsed(self, column: str, parse: Callable[[str], _T]) -> _T:
        """A cell in another type.

        Raises:
            DataError: the cell cannot be read; names the line, the column and the text.
        """
        text = self.cells[column]
        try:
            return parse(text)
        except (ValueError, KeyError, TypeError) as error:
            place = f"row {self.number}"
            raise DataError(f"{place}: {column} is {text!r}, which cannot be read") from error


def parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments that the pipeline gives to every preprocess."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--input-dir", type=Path, default=Path("/opt/ml/processing/input/data"))
    found.add_argument("--data-version", default="", help="SHA-256 of the data file, if known")
    found.add_argument(
        "--training-end",
        type=_day,
        default=None,
        help="rows of this day and after are `later`; none: everything is trained on",
    )
    found.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output"))
    return found


def lines(folder: Path, *, version: str, columns: Sequence[str]) -> Iterator[Line]:
    """Every line of the one CSV file in a folder, plain or compressed.

    Raises:
        DataError: there is not exactly one file, it is not the version that was asked for, no file
            could be that version, it lacks one of the columns, or it is not a whole CSV file.
    """
    if version and not _SHA256.fullmatch(version):
        raise DataError(
            f"--data-version (the parameter DataVersion) is {version!r}; allowed: the file's "
            "SHA-256 in 64 lower-case hexadecimal digits; remedy: give what `sha256sum` prints"
        )
    path = _only_file(folder)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if version and found != version:
        raise DataError(f"{path.name}: its SHA-256 is {found}, asked for was {version}")
    reader = csv.DictReader(io.StringIO(_text(content, path.name)))
    if reader.fieldnames is None:
        raise DataError(f"{path.name}: is empty; allowed: a header and rows")
    missing = [name for name in columns if name not in reader.fieldnames]
    if missing:
        raise DataError(f"{path.name}: misses the columns {', '.join(missing)}")
    return _lines(reader, path.name)


def _day(text: str) -> date | None:
    return None if text == NO_DAY else date.fromisoformat(text)


def _only_file(folder: Path) -> Path:
    files = [path for path in sorted(folder.glob("*")) if path.is_file()]
    if len(files) != 1:
        found = ", ".join(path.name for path in files) or "nothing"
        raise DataError(f"{folder}: holds {found}; allowed: exactly one data file")
    return files[0]


def _text(content: bytes, name: str) -> str:
    """The file as text; compression shows in the first bytes, as a copy may lose its ending."""
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: is not a complete gzip file: {error}") from error


def _lines(reader: csv.DictReader[str], name: str) -> Iterator[Line]:
    number = 1
    try:
        for number, cells in enumerate(reader, start=2):
            if None in cells or None in cells.values():
                raise DataError(f"row {number}: has another number of cells than the header")
            yield Line(number=number, cells=cells)
    except csv.Error as error:
        raise DataError(f"{name}: is not CSV: {error}") from error
    if number == 1:
        raise DataError(f"{name}: holds a header and no rows")
