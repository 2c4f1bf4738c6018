"""The requests that clients send: real rows that no training has seen.

They are read from the test part of a rehearsed pipeline's data, column by column through the
contract's schema. Where there is none, the contract's examples stand in.
"""

import csv
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mlops.contract import Example, Field
from mlops.rehearsal.canary.traffic import Request, json_request
from mlops.rehearsal.local_aws.storage import LocalS3

_MOST: Final = 500
_CSV_EVERY: Final = 5
"""One caller in so many."""
_CSV: Final = "text/csv"
_TRUE: Final = ("true", "1", "yes")


def held_out_requests(storage: LocalS3, prefix: str, fields: Sequence[Field]) -> list[Request]:
    """One request per row of the newest test data below a model's artifacts; [] without any.

    Some callers send CSV and want it back.
    """
    rows = itertools.islice(held_out_rows(storage, prefix, fields), _MOST)
    return [
        _csv_request(row) if number % _CSV_EVERY == 0 else json_request(row)
        for number, row in enumerate(rows, 1)
    ]


def held_out_rows(
    storage: LocalS3, prefix: str, fields: Sequence[Field]
) -> Iterator[dict[str, Any]]:
    """Every valid row of the newest test data below a model's artifacts."""
    for file in sorted(storage.path(prefix).glob("*/*/test/*.csv"), reverse=True):
        rows = _valid_rows(file, fields)
        first = next(rows, None)
        if first is not None:
            yield from (first, *rows)
            return


def example_requests(examples: Sequence[Example]) -> list[Request]:
    """The contract's examples as they travel."""
    return [
        Request(content_type=example.content_type, body=example.request.encode())
        for example in examples
    ]


def _csv_request(row: Mapping[str, Any]) -> Request:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(row)
    writer.writerow(str(v).lower() if isinstance(v, bool) else v for v in row.values())
    return Request(content_type=_CSV, body=text.getvalue().encode(), accept=_CSV)


def _valid_rows(file: Path, fields: Sequence[Field]) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8", newline="") as text:
        for cells in csv.DictReader(text):
            row = _row(cells, fields)
            if row is not None:
                yield row


def _row(cells: Mapping[str, str], fields: Sequence[Field]) -> dict[str, Any] | None:
    """A row as the contract wants it; None where it breaks the contract."""
    try:
        row = {field.name: _value(cells.get(field.name) or "", field) for field in fields}
    except ValueError:
        return None
    broken = any(field.objection(row[field.name]) for field in fields)
    return None if broken else row


def _value(cell: str, field: Field) -> Any:
    if not cell:
        return None
    if field.type == "boolean":
        return cell.lower() in _TRUE
    if field.type == "string":
        return cell
    return json.loads(cell) if field.type == "integer" else float(cell)
