"""The requests by which a release is judged: held-out rows, in every form in which callers ask.

A version's answers to the contract's examples alone would let pass whatever goes wrong elsewhere:
with callers who send CSV, or with a kind of row that no example shows. So rows are picked in which
every value occurs that the contract allows and the data has, and each is asked alone and among
others, as JSON and as CSV.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import tables
from .bodies import CSV, JSON, Value, cells_of, header_of, unwrapped
from .contract import Contract, Field, Row

LEAST_ROWS = 16
"""Picked in any case, where there are as many."""
MOST_ROWS = 48
"""However many values there are: few hundred probes shall ask each more than once."""
BATCH_ROWS = 8
"""In a request of several rows."""
_NAME_LENGTH = 12

Asked = dict[str, Any]
"""A case without its answer: name, request, content_type and accept."""


def probe_cases(contract: Contract, folder: Path) -> list[Asked]:
    """What a version is asked besides the contract's examples.

    Rows of people stay in the training data: unless the contract says that no field identifies a
    person, the rows are those of its own examples.

    Args:
        contract: whose requests.
        folder: a part of the data that no training has seen, as preprocess writes it.

    Raises:
        DataError: the part is missing or breaks the contract.
    """
    if contract.personal_fields == ():
        rows = tables.read_part(folder, tables.Table(notes=(), fields=contract.input))
    else:
        rows = [row for case in contract.cases for row in _rows_of(case["request"], contract)]
    return _cases(picked(rows, contract.input), contract.input)


def picked(rows: Sequence[Row], fields: Sequence[Field]) -> list[Row]:
    """Rows in which every value of a field with few values occurs, and blanks; then any others."""
    seen: set[tuple[str, Value]] = set()
    found: dict[int, Row] = {}
    for index, row in enumerate(rows):
        kinds = {*_kinds(row, fields)}
        if not kinds <= seen:
            seen |= kinds
            found[index] = row
    step = max(1, len(rows) // LEAST_ROWS)
    for index in range(0, len(rows), step):
        if len(found) >= LEAST_ROWS:
            break
        found.setdefault(index, rows[index])
    return [found[index] for index in sorted(found)[:MOST_ROWS]]


def _kinds(row: Row, fields: Sequence[Field]) -> Iterator[tuple[str, Value]]:
    for field in fields:
        value = row.get(field.name)
        if value is None or field.allowed is not None or field.type == "boolean":
            yield field.name, value


def _cases(rows: Sequence[Row], fields: Sequence[Field]) -> list[Asked]:
    table = [row for row in rows if _travels_as_csv(row, fields)]
    asked = [
        *(_json_case("row", row) for row in rows),
        *(_csv_case("row", [row], fields, accept=CSV) for row in table),
        *(_json_case("rows", batch) for batch in _batches(rows)),
        *(_json_case("instances", {"instances": batch}) for batch in _batches(rows)),
        *(_csv_case("rows", batch, fields, accept=CSV) for batch in _batches(table)),
        *(_csv_case("rows", batch, fields, accept=JSON) for batch in _batches(table)),
    ]
    return list({case["name"]: case for case in asked}.values())


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), BATCH_ROWS):
        yield list(rows[start : start + BATCH_ROWS])


def _json_case(shape: str, content: object) -> Asked:
    return _named(f"{shape}-json", content, content_type=JSON, accept=JSON)


def _csv_case(shape: str, rows: Iterable[Row], fields: Sequence[Field], *, accept: str) -> Asked:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields])
    writer.writerows([_cell(row, field) for field in fields] for row in rows)
    answered = "csv" if accept == CSV else "csv-to-json"
    return _named(f"{shape}-{answered}", text.getvalue(), content_type=CSV, accept=accept)


def _named(kind: str, request: object, *, content_type: str, accept: str) -> Asked:
    """Named by its content: of two versions, the same name means the same request."""
    content = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    name = f"{kind}-{content[:_NAME_LENGTH]}"
    return {"name": name, "request": request, "content_type": content_type, "accept": accept}


def _travels_as_csv(row: Row, fields: Sequence[Field]) -> bool:
    """Whether the row is read as it was written; blank text, for one, is not."""
    return all(field.parse(_cell(row, field)) == row.get(field.name) for field in fields)


def _cell(row: Row, field: Field) -> str:
    return tables.cell_of(row.get(field.name))


def _rows_of(request: Any, contract: Contract) -> list[Row]:
    """The rows of an example's request."""
    if not isinstance(request, str):
        content = unwrapped(request, "instances")
        return content if isinstance(content, list) else [content]
    header, *lines = cells_of(request)
    named = [dict(zip(header_of(header), line, strict=True)) for line in lines]
    return [
        {
            field.name: field.parse(cells[field.name])
            for field in contract.input
            if field.name in cells
        }
        for cells in named
    ]
