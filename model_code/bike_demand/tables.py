"""The parts of the data as CSV files: written by preprocess, read by training and evaluation."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from contract import Contract, Field, Row, Value
from job import DataError

FILE = "part.csv"
PARTS = ("train", "validation", "test", "later")


def columns(contract: Contract) -> tuple[str, ...]:
    """The columns of a part: the date for reviewers, the inputs, the target; nothing else."""
    return ("date", *contract.input_names, contract.target)


def write_part(folder: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Write the rows; null is an empty cell, truth is `true` or `false`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(row[name]) for name in names] for row in rows)


def read_part(folder: Path, contract: Contract) -> list[Row]:
    """The rows of a part, typed by the contract.

    Raises:
        DataError: the file is missing, empty or breaks the contract.
    """
    path = folder / FILE
    fields = {field.name: field for field in (*contract.input, target_field(contract))}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = [_typed(line, fields, f"{path}:{reader.line_num}") for line in reader]
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file; run preprocess first") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}: is no CSV: {error}") from error
    if not rows:
        raise DataError(f"{path}: holds no row; check the split of the data")
    return rows


def target_field(contract: Contract) -> Field:
    """The label: a count, so never negative and never blank."""
    return Field(name=contract.target, type="integer", min=0)


def _typed(line: dict[str, str | None], fields: dict[str, Field], place: str) -> Row:
    row = {name: _value(line, field, place) for name, field in fields.items()}
    return {"date": line.get("date"), **row}


def _value(line: dict[str, str | None], field: Field, place: str) -> Value:
    cell = line.get(field.name)
    if cell is None:
        raise DataError(f"{place}: column {field.name} is missing")
    value = field.parse(cell)
    if not field.accepts(value):
        raise DataError(f"{place}: {field.name} is {cell!r}; allowed: {field.domain}")
    return value


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
