"""Requests and answers as they travel: JSON or CSV, one row or a batch, checked by the contract.

A request is one object, a list of objects, or `{"instances": [...]}`; the answer mirrors its shape.
JSON Lines, which Batch Transform sends, are one object a line and answered line by line. CSV starts
with a header, and a blank cell is null.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from . import bodies
from .bodies import CSV, JSON, JSON_LINES
from .contract import Contract, Field, Row

MAX_ROWS = 2000
"""Of a request; a container of batches, where bytes are the limit, is given another number."""
SHOWN_CHARACTERS = 60

Objection = Callable[[Row], str | None]
"""What is wrong with a row whose fields are right one by one, in words; None: nothing."""


class BadPayloadError(ValueError):
    """A request that the contract does not allow: names the field, its value, what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Checked rows, and the shape in which the caller wants the answers."""

    rows: list[Row]
    shape: str  # "object", "list", "instances" or "lines"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Answers with the shape of their request."""

    answers: list[Row]
    shape: str


def no_objection(_: Row) -> None:
    """For a model whose fields do not depend on each other."""


def read_request(
    body: bytes | str, content_type: str, contract: Contract, *, objection: Objection = no_objection
) -> Request:
    """The rows of a request.

    Raises:
        BadPayloadError: anything about it is not as the contract says, or as `objection` wants it.
    """
    text = _text(body)
    kind = bodies.kind_of(content_type)
    if kind == JSON:
        rows, shape = _json_rows(text)
    elif kind == JSON_LINES:
        rows, shape = _line_rows(text), "lines"
    elif kind == CSV:
        rows, shape = _csv_rows(text, contract), "list"
    else:
        allowed = ", ".join((JSON, CSV, JSON_LINES))
        raise BadPayloadError(f"content type is {_shown(content_type)}; allowed: {allowed}")
    most = int(os.environ.get("MAX_ROWS", MAX_ROWS))
    if not 1 <= len(rows) <= most:
        raise BadPayloadError(f"the request holds {len(rows)} rows; allowed: 1 to {most}")
    checked = [_checked(row, i, contract) for i, row in enumerate(rows)]
    for index, row in enumerate(checked):
        problem = objection(row)
        if problem is not None:
            raise BadPayloadError(f"row {index}: {problem}")
    return Request(rows=checked, shape=shape)


def write_answer(prediction: Prediction, accept: str, contract: Contract) -> str:
    """The answers in the request's shape, line by line, or as CSV with a header."""
    answers, kind = prediction.answers, bodies.kind_of(accept)
    if kind == CSV:
        return _csv_text(answers, [field.name for field in contract.output])
    if kind == JSON_LINES:
        return "".join(f"{json.dumps(answer)}\n" for answer in answers)
    if prediction.shape == "instances":
        return json.dumps({"predictions": answers})
    return json.dumps(answers[0] if prediction.shape == "object" else answers)


def _text(body: bytes | str) -> str:
    try:
        return bodies.text_of(body)
    except UnicodeDecodeError as error:
        raise BadPayloadError(f"the body is not UTF-8 text (byte {error.start})") from error


def _line_rows(text: str) -> list[Any]:
    return [_parsed(line, f"row {index}") for index, line in enumerate(bodies.lines_of(text))]


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except BadPayloadError:
        raise
    except (ValueError, RecursionError) as error:
        raise BadPayloadError(f"{what} is not JSON: {error}") from error


def _json_rows(text: str) -> tuple[list[Any], str]:
    content = _parsed(text, "the body")
    if isinstance(content, list):
        return content, "list"
    if isinstance(content, dict) and content.keys() == {"instances"}:
        rows = bodies.unwrapped(content, "instances")
        if rows is content:
            rows = content["instances"]
            raise BadPayloadError(f"instances is {_shown(rows)}; allowed: a list of objects")
        return rows, "instances"
    return [content], "object"


def _refuse_constant(constant: str) -> NoReturn:
    raise BadPayloadError(f"the body holds {constant}; allowed: finite numbers and null")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise BadPayloadError(f"a key is given twice among {_shown([name for name, _ in pairs])}")
    return content


def _csv_rows(text: str, contract: Contract) -> list[dict[str, Any]]:
    fields = {field.name: field for field in contract.input}
    try:
        lines = bodies.cells_of(text)
    except csv.Error as error:
        raise BadPayloadError(f"the body is not CSV: {error}") from error
    if not lines:
        raise BadPayloadError("the body is empty; allowed: a header line and rows")
    header = bodies.header_of(lines[0])
    if not set(header) & fields.keys():
        allowed = ", ".join(fields)
        raise BadPayloadError(
            f"the first line {_shown(header)} names no field; allowed: a header line first, out of "
            f"{allowed}"
        )
    if len(set(header)) < len(header):
        raise BadPayloadError(f"the header {_shown(header)} names a column twice")
    return [_csv_row(header, line, fields, i) for i, line in enumerate(lines[1:])]


def _csv_row(
    header: list[str], line: list[str], fields: dict[str, Field], index: int
) -> dict[str, Any]:
    if len(line) != len(header):
        raise BadPayloadError(f"row {index} has {len(line)} cells; allowed: {len(header)}")
    cells = zip(header, line, strict=True)
    return {name: fields[name].parse(c) if name in fields else c for name, c in cells}


def _checked(row: object, index: int, contract: Contract) -> Row:
    if not isinstance(row, dict):
        raise BadPayloadError(f"row {index} is {_shown(row)}; allowed: an object with the fields")
    unknown = sorted(row.keys() - set(contract.input_names))
    if unknown:
        allowed = ", ".join(contract.input_names)
        raise BadPayloadError(
            f"row {index}: unknown field {_shown(unknown[0])}; allowed: {allowed}"
        )
    for field in contract.input:
        _check_field(row, field, index)
    return row


def _check_field(row: dict[str, Any], field: Field, index: int) -> None:
    if field.name not in row and not field.nullable:
        raise BadPayloadError(f"row {index}: {field.name} is missing; allowed: {field.domain}")
    value = row.get(field.name)
    if not field.accepts(value):
        raise BadPayloadError(
            f"row {index}: {field.name} is {_shown(value)}; allowed: {field.domain}"
        )


def _csv_text(answers: Iterable[Row], names: list[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(answers)
    return text.getvalue()


def _shown(value: object) -> str:
    """A value for an error message: never longer than a line, whatever was sent."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."
