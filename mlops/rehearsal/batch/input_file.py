"""The lines of a batch: a file as it is sent, a CSV file's rows, or rows that no training saw.

Rows are read leniently on purpose: what breaks the contract is for the model to refuse.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mlops.contract import Example, ModelSpec
from mlops.contract.schema_spec import Field
from mlops.rehearsal.canary.rows import held_out_rows
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.storage import LocalS3

FORMS: Final = (".jsonl", ".csv")


def lines_of(file: Path, spec: ModelSpec) -> str:
    """What is uploaded for a file: itself, or a line for each row of a CSV file.

    Raises:
        RehearsalError: it cannot be read, has another form, or names none of the fields.
    """
    if file.suffix not in FORMS:
        allowed = ", ".join(FORMS)
        raise RehearsalError(f"--input {file.name}: its form is unknown; allowed: {allowed}")
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RehearsalError(f"--input {file}: cannot be read as UTF-8 text: {error}") from error
    if file.suffix == ".jsonl" or not text.strip():
        return text
    return _written(_csv_rows(text, file, spec))


def held_out_lines(storage: LocalS3, prefix: str, spec: ModelSpec) -> str:
    """Rows of the newest test data below a model's artifacts; "" without any."""
    return _written(held_out_rows(storage, prefix, spec.schema_.input))


def example_lines(examples: Sequence[Example]) -> str:
    """Rows of the contract's examples, those that are no JSON left out."""
    rows: list[Any] = []
    for example in examples:
        if example.content_type == "application/json":
            content = json.loads(example.request)
            content = content.get("instances", content) if isinstance(content, dict) else content
            rows += content if isinstance(content, list) else [content]
    return _written(iter(rows))


def _written(rows: Iterator[Mapping[str, Any]]) -> str:
    lines = ({"id": str(number), "features": row} for number, row in enumerate(rows, 1))
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def _csv_rows(text: str, file: Path, spec: ModelSpec) -> Iterator[dict[str, Any]]:
    fields = {field.name: field for field in spec.schema_.input}
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        header, rows = reader.fieldnames or (), list(reader)
    except csv.Error as error:
        raise RehearsalError(f"--input {file.name}: is no CSV: {error}") from error
    if fields.keys().isdisjoint(header):
        raise RehearsalError(
            f"--input {file.name}: its first line names no field of the contract; "
            f"allowed: {', '.join(fields)}; remedy: begin with a header"
        )
    for cells in rows:
        # What stands beyond the header, or is missing at a line's end, is told by the model.
        named = {name or "beyond_the_header": cell for name, cell in cells.items()}
        yield {
            name: _value(cell, fields[name]) if name in fields else cell
            for name, cell in named.items()
        }


def _value(cell: str | None, field: Field) -> Any:
    """The cell in the field's type; text where it has none of it."""
    if not cell:
        return None
    try:
        if field.type == "boolean":
            return {"true": True, "false": False}[cell.lower()]
        return cell if field.type == "string" else json.loads(cell)
    except (KeyError, ValueError):
        return cell
