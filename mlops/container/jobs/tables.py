"""The parts of the data as CSV files: written by preprocess, read by training and evaluation."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .bodies import Value
from .contract import Field, Row
from .job import DataError

FILE = "part.csv"
PARTS = ("train", "validation", "test", "later")


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns of a part, in order."""

    notes: tuple[str, ...]
    """What tells a row's place to reviewers and to checks; read as text, and by no model."""
    fields: tuple[Field, ...]
    """The fields of a request and the label."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column; a part has these and no others."""
        return (*self.notes, *(field.name for field in self.fields))


def write_part(folder: Path, table: Table, rows: Sequence[Row]) -> None:
    """Write the rows; null is an empty cell, truth is `true` or `false`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows([cell_of(row[name]) for name in table.columns] for row in rows)


def read_part(folder: Path, table: Table) -> list[Row]:
    """The rows of a part, typed by its fields.

    Raises:
        DataError: the file is missing, empty or breaks the contract.
    """
    rows = read_later(folder, table)
    if not rows:
        raise DataError(f"{folder / FILE}: holds no row; check the split of the data")
    return rows


def read_later(folder: Path, table: Table) -> list[Row]:
    """The same for the part `later`, which is empty where everything was trained on.

    Raises:
        DataError: the file is missing or breaks the contract.
    """
    path = folder / FILE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(_typed(csv.DictReader(file), table, path))
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file; run preprocess first") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}: is not CSV: {error}") from error


def _typed(reader: csv.DictReader[str], table: Table, path: Path) -> Iterator[Row]:
    # The same few cells stand in most rows: each is parsed and checked once per field.
    known: dict[str, dict[str | None, Value]] = {field.name: {} for field in table.fields}
    for line in reader:
        row: Row = {name: line.get(name) for name in table.notes}
        for field in table.fields:
            cell, cells = line.get(field.name), known[field.name]
            if cell not in cells:
                cells[cell] = _value(cell, field, f"{path}:{reader.line_num}")
            row[field.name] = cells[cell]
        yield row


def _value(cell: str | None, field: Field, place: str) -> Value:
    if cell is None:
        raise DataError(f"{place}: column {field.name} is missing")
    value = field.parse(cell)
    if not field.accepts(value):
        raise DataError(f"{place}: {field.name} is {cell!r}; allowed: {field.domain}")
    return value


def cell_of(value: Value) -> str:
    """A value as a cell: null is empty, truth is `true` or `false`."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
