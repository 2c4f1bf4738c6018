"""Bodies of requests and answers as rows, in every form that endpoints of this platform take.

JSON: one object, a list of objects, or a list below `instances` or `predictions`. CSV: with a
header, or bare cells in the contract's order as Amazon's built-in containers want them. Nothing is
checked beyond what it takes to name the cells; the contract is checked per column later.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Final

from .schema import Field, Row

_WRAPPERS: Final = ("instances", "predictions")
_LINES: Final = ("application/jsonlines", "application/x-ndjson")


class UnreadableError(ValueError):
    """A body that holds no rows of these fields; the text is the reason, without the body."""


class Bodies:
    """Reads the bodies of one side, requests or answers."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = {field.name: field for field in fields}
        self._names = tuple(self._fields)

    def rows(self, body: str, content_type: str) -> list[Row]:
        """The rows of a body, by field name.

        Raises:
            UnreadableError: it is of another kind, broken, empty, or names no field.
        """
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/json":
            rows = self._named(_parsed(body))
        elif kind == "text/csv":
            rows = self._csv_rows(body)
        elif kind in _LINES:
            rows = self._named([_parsed(line) for line in body.splitlines() if line.strip()])
        else:
            raise UnreadableError("content type is neither JSON nor CSV")
        if not rows:
            raise UnreadableError("no row")
        return rows

    def _named(self, content: object) -> list[Row]:
        if isinstance(content, dict) and len(content) == 1:
            wrapper = next(iter(content))
            content = content[wrapper] if wrapper in _WRAPPERS else content
        listed = content if isinstance(content, list) else [content]
        return [self._row(entry) for entry in listed]

    def _row(self, entry: object) -> Row:
        if isinstance(entry, dict):
            if self._fields.keys().isdisjoint(entry):
                raise UnreadableError("no field of the contract")
            return entry
        cells = entry if isinstance(entry, list) else [entry]
        _refuse_other_width(cells, self._names)
        return dict(zip(self._names, cells, strict=True))

    def _csv_rows(self, body: str) -> list[Row]:
        try:
            lines = [line for line in csv.reader(io.StringIO(body), strict=True) if line]
        except csv.Error as error:
            raise UnreadableError("no CSV") from error
        header = [cell.strip() for cell in lines[0]] if lines else []
        if self._fields.keys().isdisjoint(header):
            return [self._csv_row(self._names, line) for line in lines]
        return [self._csv_row(header, line) for line in lines[1:]]

    def _csv_row(self, header: Sequence[str], line: Sequence[str]) -> Row:
        _refuse_other_width(line, header)
        fields = self._fields
        return {
            name: fields[name].parse(cell) if name in fields else cell
            for name, cell in zip(header, line, strict=True)
        }


def _refuse_other_width(cells: Sequence[Any], names: Sequence[str]) -> None:
    if len(cells) != len(names):
        raise UnreadableError("another number of cells than columns")


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("no JSON") from error
    return parsed
