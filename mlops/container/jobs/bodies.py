"""Bodies of requests and answers as text and cells, read alike by the server and the drift engine.

The server refuses what the contract does not allow; the engine takes what was captured as it is.
What both take they must read to the same values, or the engine would report drift that no caller
caused. So marks, line ends, CSV and the types of cells are read here and nowhere else. Standard
library alone: the engine imports this module without the rest of the package's needs.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

Value = bool | int | float | str | None

JSON = "application/json"
CSV = "text/csv"
JSON_LINES = "application/jsonlines"

_MARK = "\ufeff"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?([0-9]{1,18}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,3})?")
_TRUTH = {"true": True, "false": False}


def kind_of(content_type: str) -> str:
    """The media type without its parameters: bodies are UTF-8 whatever a charset says."""
    return content_type.partition(";")[0].strip().lower()


def text_of(body: bytes | str) -> str:
    """A body as text, without the mark that some tools put in front of UTF-8.

    Raises:
        UnicodeDecodeError: the bytes are not UTF-8.
    """
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    return text.removeprefix(_MARK)


def lines_of(text: str) -> list[str]:
    """The lines of JSON Lines that are not blank."""
    # Not splitlines: JSON may hold the separators that it splits at as well.
    return [line for line in text.split("\n") if line.strip()]


def unwrapped(content: Any, *wrappers: str) -> Any:
    """The list below the only key of an object, if it is one of these; else the content itself."""
    if isinstance(content, Mapping) and len(content) == 1:
        (wrapper, inside), *_ = content.items()
        # A field may have a wrapper's name, and no field holds a list.
        if wrapper in wrappers and isinstance(inside, list):
            return inside
    return content


def cells_of(text: str) -> list[list[str]]:
    """The lines of a CSV body that are not empty, as cells.

    Raises:
        csv.Error: it is not CSV.
    """
    return [line for line in csv.reader(io.StringIO(text), strict=True) if line]


def header_of(line: list[str]) -> list[str]:
    """The names in a header line."""
    return [name.strip() for name in line]


def value_of(cell: str, type_: str) -> Value:
    """The value of a CSV cell: a blank is null, and what has another type stays the text it is."""
    text = cell.strip()
    if not text:
        return None
    if type_ == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if type_ == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if type_ == "boolean":
        return _TRUTH.get(text.lower(), text)
    return text
