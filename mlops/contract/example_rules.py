"""Rules of a model's examples: requests and answers keep the schema, row by row."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from mlops.contract.document import Document, KeyPath, dotted, read_document
from mlops.contract.examples import (
    FOLDER,
    Example,
    ExampleError,
    lost_files,
    parsed,
    read_example,
    request_files,
)
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import ContractError, Problem
from mlops.contract.schema_spec import Field
from mlops.contract.scripts import Script
from mlops.contract.translation import problem_at, shown

Row: TypeAlias = dict[str, object]
_ADD: Final = "add <case>.request.json and <case>.response.json"
_ANSWERED: Final = {
    "one object": "one object",
    "a list": "a list",
    "{'instances': ...}": "{'predictions': ...}",
}
"""The shape in which `jobs.payload` answers, by the request's."""
_ROWS: Final = "an object, a list of objects, or {} with a list of objects"


def example_problems(document: Document, model: ModelSpec, folder: Path) -> Iterator[Problem]:
    """What is wrong with a model's examples, each mistake at its own file and line."""
    requests = request_files(folder)
    if not requests:
        yield problem_at(
            document,
            ("examples",),
            f"{folder.name}/{FOLDER} holds no example",
            got="no file *.request.json or *.request.csv",
            allowed="one example or more",
            remedy=_ADD,
        )
    for path in requests:
        try:
            yield from _problems(document, model, read_example(path), folder / FOLDER)
        except ExampleError as error:
            yield _unreadable(document, error)
    for path in lost_files(folder):
        lost = ExampleError(path.name, "belongs to no request and is never read")
        yield _unreadable(document, lost)


def _problems(
    document: Document, model: ModelSpec, example: Example, folder: Path
) -> Iterator[Problem]:
    is_csv = example.content_type == "text/csv"
    asked = _ExampleFile(
        document=document, path=folder / f"{example.name}.request.{'csv' if is_csv else 'json'}"
    )
    rows = asked.csv_rows(example.request) if is_csv else asked.rows(example.request, "instances")
    objections = list(asked.problems(rows, model.schema_.input, "input", typed=not is_csv))
    if not rows:
        raise ExampleError(asked.name, "holds no row")
    yield from objections
    answered = _ExampleFile(document=document, path=folder / f"{example.name}.response.json")
    answers = answered.rows_of(example.response, "predictions")
    yield from answered.problems(answers, model.schema_.output, "output", typed=True)
    if len(answers) != len(rows):
        yield answered.problem(
            (),
            f"answers {len(answers)} rows, and the request holds {len(rows)}",
            got=len(answers),
            allowed=f"{len(rows)}",
            remedy="record the answer to this request again",
        )
    elif _mirrors(folder.parent) and answered.shape != _ANSWERED[asked.shape]:
        yield answered.problem(
            (),
            f"is {answered.shape}; jobs.payload mirrors the request, which is {asked.shape}",
            got=answered.shape,
            allowed=_ANSWERED[asked.shape],
            remedy="record the answer to this request again",
        )


def _mirrors(folder: Path) -> bool:
    """Whether the model answers by `jobs.payload`, in the shape of the request."""
    imports = Script(folder / "inference.py").imports()
    return any(f"{module}.".startswith("jobs.payload.") for _, module in imports)


def _unreadable(document: Document, error: ExampleError) -> Problem:
    home = document.file.rpartition("/")[0]
    return Problem(
        file=f"{home}/{FOLDER}/{error.file}",
        line=error.line or 1,
        key=FOLDER,
        problem=f"the file {error.problem}",
        got=error.file,
        allowed="a request as .json or .csv, and its answer as .json, in UTF-8",
        remedy="fix the file, or remove the example's two files",
    )


class _ExampleFile:
    """One of the two files of an example, and the places of what it holds."""

    def __init__(self, *, document: Document, path: Path) -> None:
        self._path = path
        self._file = f"{document.file.rpartition('/')[0]}/{FOLDER}/{path.name}"
        self.name = path.name
        self._prefix: KeyPath = ()
        self._is_list = False

    @property
    def shape(self) -> str:
        """How its rows are held: alone, in a list, or in a list below a key."""
        if self._prefix:
            return f"{{{self._prefix[0]!r}: ...}}"
        return "a list" if self._is_list else "one object"

    def rows(self, text: str, wrapper: str) -> list[Row]:
        return self.rows_of(parsed(text, self._path.name), wrapper)

    def rows_of(self, data: object, wrapper: str) -> list[Row]:
        """The rows of a JSON file: a list, a single object, or a list below a key."""
        if isinstance(data, dict) and isinstance(data.get(wrapper), list):
            data, self._prefix = data[wrapper], (wrapper,)
        self._is_list = isinstance(data, list)
        rows = data if isinstance(data, list) else [data]
        objects = [row for row in rows if isinstance(row, dict)]
        if len(objects) < len(rows):
            allowed = _ROWS.format(f"{{{wrapper!r}: ...}}")
            raise ExampleError(
                self._path.name, f"holds something else than objects; allowed: {allowed}"
            )
        return objects

    def csv_rows(self, text: str) -> list[Row]:
        self._is_list = True
        reader = csv.DictReader(io.StringIO(text), strict=True)
        try:
            reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
            self._check_header(reader.fieldnames)
            rows = [dict(row) for row in reader]
        except csv.Error as error:
            raise ExampleError(self._path.name, f"is not CSV: {error}") from error
        short = next((at for at, row in enumerate(rows) if None in row.values()), None)
        if short is not None:
            raise ExampleError(self.name, "has fewer cells here than names", line=short + 2)
        return rows

    def _check_header(self, header: Sequence[str]) -> None:
        other = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
        if other is not None:
            raise ExampleError(self.name, f"is separated by {other!r}; allowed: commas")
        if len(set(header)) < len(header):
            raise ExampleError(self.name, "names a column twice")

    def problems(
        self, rows: list[Row], fields: tuple[Field, ...], side: str, *, typed: bool
    ) -> Iterator[Problem]:
        """Every breach of the schema; a cell of CSV has no type, the model's parser decides."""
        known = {field.name: field for field in fields}
        for number, row in enumerate(rows):
            place: KeyPath = (*self._prefix, number) if self._is_list else self._prefix
            for name in sorted(row.keys() - known.keys(), key=str):
                yield self.problem(
                    (*place, str(name)),
                    f"unknown field {name!r}",
                    got=row[name],
                    allowed=f"the fields of schema.{side}: {', '.join(known)}",
                    remedy="fix the example or the schema",
                )
            for name, field in known.items():
                yield from self._of_field(row, field, (*place, name), typed=typed)

    def _of_field(
        self, row: Row, field: Field, place: KeyPath, *, typed: bool
    ) -> Iterator[Problem]:
        problem, got = None, row.get(field.name)
        if field.name not in row:
            problem = None if field.nullable else f"field {field.name!r} is missing"
        elif typed:
            objection = field.objection(got)
            problem = objection and f"{field.name} is {objection}"
        if problem:
            yield self.problem(
                place, problem, got=got, allowed=field.form, remedy="fix the example or the schema"
            )

    def problem(
        self, place: KeyPath, problem: str, *, got: object, allowed: str, remedy: str
    ) -> Problem:
        return Problem(
            file=self._file,
            line=self._line(place),
            key=dotted(place) or FOLDER,
            problem=problem,
            got=shown(got),
            allowed=allowed,
            remedy=remedy,
        )

    def _line(self, place: KeyPath) -> int:
        if self._path.suffix == ".csv":
            row = place[0] if place else 0
            return 2 + row if isinstance(row, int) else 1
        try:
            # JSON is read as YAML, which knows its lines.
            found = read_document(self._path, root=self._path.parent).line(place)
        except ContractError:
            return 1
        return found or 1
