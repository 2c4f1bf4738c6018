"""The contract's examples: pairs of a request and the answer it was once given.

`examples/<case>.request.json` (or `.csv`) beside `examples/<case>.response.json`.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.schema_spec import Field
from mlops.contract.translation import problem_at

FOLDER: Final = "examples"
CONTENT_TYPES: Final = {".json": "application/json", ".csv": "text/csv"}


@dataclass(frozen=True, kw_only=True)
class Example:
    """One request as it travels, and an answer that was once given to it."""

    name: str
    content_type: str
    request: str
    response: object


class ExampleError(ValueError):
    """An example that cannot be read; the text names the file and what is wrong."""


def read_examples(folder: Path) -> list[Example]:
    """Every example of a model's folder, in name order.

    Raises:
        ExampleError: a file is missing, unreadable or no JSON.
    """
    requests = sorted((folder / FOLDER).glob("*.request.*"))
    return [_example(path) for path in requests]


def example_problems(document: Document, model: ModelSpec, folder: Path) -> Iterator[Problem]:
    """What is wrong with a model's examples."""
    try:
        examples = read_examples(folder)
    except ExampleError as error:
        yield problem_at(document, ("examples",), str(error), remedy="mend the file")
        return
    if not examples:
        yield problem_at(
            document,
            ("examples",),
            f"{folder.name}/{FOLDER} holds no example",
            remedy="add <case>.request.json and <case>.response.json",
        )
    for example in examples:
        yield from _request_problems(document, model, example)


def _example(path: Path) -> Example:
    name, _, ending = path.name.partition(".request")
    if ending not in CONTENT_TYPES:
        raise ExampleError(f"{path.name} is neither .json nor .csv")
    response = path.with_name(f"{name}.response.json")
    return Example(
        name=name,
        content_type=CONTENT_TYPES[ending],
        request=_text(path),
        response=_json(_text(response), response.name),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ExampleError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ExampleError(f"{path.name} is not UTF-8 text") from error


def _json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExampleError(f"{name} is no JSON: {error}") from error


def _request_problems(document: Document, model: ModelSpec, example: Example) -> Iterator[Problem]:
    try:
        rows = _rows(example)
    except ExampleError as error:
        yield problem_at(document, ("examples",), str(error), remedy="mend the request")
        return
    for row in rows:
        for objection in _row_objections(row, model.schema_.input, example):
            yield problem_at(
                document,
                ("examples",),
                f"the request of example {example.name} breaks schema.input: {objection}",
                remedy="mend the example or the schema",
            )


def _rows(example: Example) -> list[dict[str, object]]:
    """The instances of a request: a list, a single object, or `{"instances": [...]}`."""
    if example.content_type == "text/csv":
        return _csv_rows(example)
    data = _json(example.request, f"{example.name}.request.json")
    if isinstance(data, dict) and isinstance(data.get("instances"), list):
        data = data["instances"]
    rows = data if isinstance(data, list) else [data]
    objects = [row for row in rows if isinstance(row, dict)]
    if len(objects) < len(rows):
        raise ExampleError(
            f"the request of example {example.name} holds something else than objects"
        )
    return objects


def _csv_rows(example: Example) -> list[dict[str, object]]:
    try:
        return [dict(row) for row in csv.DictReader(io.StringIO(example.request))]
    except csv.Error as error:
        raise ExampleError(f"{example.name}.request.csv is no CSV: {error}") from error


def _row_objections(
    row: dict[str, object], fields: tuple[Field, ...], example: Example
) -> Iterator[str]:
    known = {field.name: field for field in fields}
    for name in sorted(row.keys() - known.keys(), key=str):
        yield f"unknown field {name!r}"
    for name, field in known.items():
        if name not in row and not field.nullable:
            yield f"field {name!r} is missing"
    if example.content_type == "text/csv":
        return  # a CSV cell has no type; the model's own parser decides
    for name in known.keys() & row.keys():
        objection = known[name].objection(row[name])
        if objection:
            yield f"{name} is {objection}"
