"""The lines of a batch: a file as it is sent, a CSV file's rows, or rows that no training saw.

A file of lines is uploaded byte by byte as it is, marks and all: another file would prove nothing.
Rows are read leniently on purpose: what breaks the contract is for the model to refuse. Names that
the platform and Batch Transform keep for themselves are refused here, because nothing behind would
say a word.
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
from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rehearsal.local_aws.transform import ANSWER
from mlops.rollout.probes import PROBE_PREFIX

FORMS: Final = (".jsonl", ".csv")


def content_of(file: Path, spec: ModelSpec) -> bytes:
    """What is uploaded for a file: its own bytes, or a line for each row of a CSV file.

    Raises:
        RehearsalError: it cannot be read, has another form, names none of the fields, or uses a
            reserved name.
    """
    if file.suffix not in FORMS:
        allowed = ", ".join(FORMS)
        raise RehearsalError(f"--input {file.name}: its form is unknown; allowed: {allowed}")
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RehearsalError(f"--input {file}: cannot be read as UTF-8 text: {error}") from error
    if file.suffix == ".jsonl" or not text.strip():
        for reserved in _reserved(text):
            raise RehearsalError(f"--input {file.name}: {reserved}")
        return content
    return _written(_csv_rows(text, file, spec)).encode()


def _reserved(text: str) -> Iterator[str]:
    """Every line that uses a name which is not the caller's to use, and what would come of it."""
    for number, line in enumerate(text.split("\n"), 1):
        row = _object(line)
        if ANSWER in row:
            yield (
                f"line {number}: {ANSWER} is the key of the answer: Batch Transform overwrites a "
                "value of yours without a word; remedy: give it another name"
            )
        if str(row.get("id")).startswith(PROBE_PREFIX):
            yield (
                f"line {number}: the id {row['id']} begins with {PROBE_PREFIX}, which marks the "
                "platform's own requests: monitoring leaves them out; remedy: choose another id"
            )


def _object(line: str) -> dict[str, Any]:
    """A line's object; what is none has no names, and the model refuses it."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def held_out_lines(storage: LocalS3, prefix: str, spec: ModelSpec) -> str:
    """Rows of the newest test data below a model's artifacts; "" without any."""
    return _written(held_out_rows(storage, prefix, spec.schema_.input))


def example_lines(examples: Sequence[Example]) -> str:
    """Rows of the contract's examples, those that are not JSON left out."""
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
        raise RehearsalError(f"--input {file.name}: is not CSV: {error}") from error
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
