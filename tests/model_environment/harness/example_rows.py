"""Rows of a contract's examples, whatever shape they have, and what its fields refuse."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models import Model

Row = dict[str, Any]
_NOT_TEXT = 3


def rows_of(model: Model) -> list[Row]:
    """The rows of every example: one object, a list, a list below a key, or CSV."""
    types = {field["name"]: field["type"] for field in model.yaml["schema"]["input"]}
    found: list[Row] = []
    for case in model.cases:
        request = case["request"]
        if isinstance(request, str):
            found += read_as_csv(request, types)
        elif isinstance(request, dict):
            found += request.get("instances", [request])
        else:
            found += request
    return found


def read_as_csv(text: str, types: dict[str, str]) -> list[Row]:
    """The rows of a CSV request, each value in the type of its field."""
    from jobs import bodies

    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    return [
        {name.strip(): bodies.value_of(cell, types[name.strip()]) for name, cell in row.items()}
        for row in rows
    ]


def written_as_csv(rows: list[Row], names: list[str]) -> str:
    """The same rows as the text of a CSV request."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def wrong_value(field: dict[str, Any]) -> Any:
    """A value that a field refuses, whatever its type."""
    return _NOT_TEXT if field["type"] == "string" else "wrong"
