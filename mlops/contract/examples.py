"""The contract's examples: pairs of a request and the answer it was once given.

`examples/<case>.request.json` (or `.csv`) beside `examples/<case>.response.json`.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

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

    def __init__(self, file: str, problem: str, *, line: int | None = None) -> None:
        super().__init__(f"{file} {problem}")
        self.file, self.problem, self.line = file, problem, line


def read_examples(folder: Path) -> list[Example]:
    """Every example of a model's folder, in name order.

    Raises:
        ExampleError: a file is missing, unreadable or no JSON.
    """
    return [read_example(path) for path in request_files(folder)]


def request_files(folder: Path) -> list[Path]:
    """The files of a model's folder that hold a request, in name order."""
    return sorted((folder / FOLDER).glob("*.request.*"))


def lost_files(folder: Path) -> list[Path]:
    """The JSON and CSV files among the examples that belong to no request, in name order."""
    requests = request_files(folder)
    owned = {*requests, *(path.with_name(f"{_case(path)}.response.json") for path in requests)}
    found = (folder / FOLDER).glob("*")
    return sorted(path for path in found if path.suffix in CONTENT_TYPES and path not in owned)


def _case(request: Path) -> str:
    return request.name.partition(".request")[0]


def read_example(path: Path) -> Example:
    """The example whose request is this file.

    Raises:
        ExampleError: it or its response is missing, unreadable or no JSON.
    """
    name, _, ending = path.name.partition(".request")
    if ending not in CONTENT_TYPES:
        raise ExampleError(path.name, "is neither .json nor .csv")
    response = path.with_name(f"{name}.response.json")
    return Example(
        name=name,
        content_type=CONTENT_TYPES[ending],
        request=_text(path),
        response=parsed(_text(response), response.name),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ExampleError(path.name, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ExampleError(path.name, "is not UTF-8 text") from error


def parsed(text: str, name: str) -> object:
    """What a JSON file holds.

    Raises:
        ExampleError: it is not JSON.
    """
    try:
        return json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise ExampleError(name, f"is not JSON: {error}", line=line) from error


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}; a number is finite, or null")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse_constant(f"{text:.40}, which is infinite")
    return number


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"duplicate key {twice!r:.80} in one object")
    return content
