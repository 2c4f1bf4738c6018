"""Bodies of requests and answers as rows, in every form that endpoints of this platform take.

JSON: one object, a list of objects, or a list below `instances` or `predictions`. CSV: with a
header, or bare cells in the contract's order as Amazon's built-in containers want them. Nothing is
checked beyond what it takes to name the cells; the contract is checked per column later. Text and
cells are read by the server's own module, so that a request means here what it meant there.
"""

import csv
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from .schema import Field, Row

if TYPE_CHECKING or __package__ == "mlops.container.monitoring":
    from mlops.container.jobs import bodies
else:  # an archive has both packages side by side
    from jobs import bodies

_WRAPPERS: Final = ("instances", "predictions")
_LINES: Final = (bodies.JSON_LINES, "application/x-ndjson")


class UnreadableError(ValueError):
    """A body that holds no rows of these fields; the text is the reason, without the body."""


class Bodies:
    """Reads the bodies of one side, requests or answers."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = {field.name: field for field in fields}
        self._names = tuple(self._fields)

    def has_field(self, name: str) -> bool:
        """Whether the contract names such a field on this side."""
        return name in self._fields

    def rows(self, body: bytes | str, content_type: str) -> list[Row]:
        """The rows of a body, by field name.

        Raises:
            UnreadableError: it is of another kind, broken, empty, or names no field.
        """
        kind, text = bodies.kind_of(content_type), _text(body)
        if kind == bodies.JSON:
            rows = self._named(_parsed(text))
        elif kind == bodies.CSV:
            rows = self._csv_rows(text)
        elif kind in _LINES:
            rows = self._named([_parsed(line) for line in bodies.lines_of(text)])
        else:
            raise UnreadableError("content type is neither JSON nor CSV")
        if not rows:
            raise UnreadableError("no row")
        return rows

    def _named(self, content: object) -> list[Row]:
        content = bodies.unwrapped(content, *_WRAPPERS)
        listed = content if isinstance(content, list) else [content]
        return [self._row(entry) for entry in listed]

    def _row(self, entry: object) -> Row:
        if isinstance(entry, dict):
            # An empty one is a row where every field may be null.
            if entry and self._fields.keys().isdisjoint(entry):
                raise UnreadableError("no field of the contract")
            return entry
        cells = entry if isinstance(entry, list) else [entry]
        _refuse_other_width(cells, self._names)
        return dict(zip(self._names, cells, strict=True))

    def _csv_rows(self, body: str) -> list[Row]:
        try:
            lines = bodies.cells_of(body)
        except csv.Error as error:
            raise UnreadableError("not CSV") from error
        header = bodies.header_of(lines[0]) if lines else []
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


def _text(body: bytes | str) -> str:
    try:
        return bodies.text_of(body)
    except UnicodeDecodeError as error:
        raise UnreadableError("no UTF-8 text") from error


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("not JSON") from error
    return parsed
