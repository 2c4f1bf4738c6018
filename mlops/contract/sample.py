"""Checks the committed data sample: it exists, is the recorded version, and has the target."""

import csv
import gzip
import hashlib
import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO, cast

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.translation import problem_at, warning_at

MAX_BYTES: Final = 100_000_000
_ALLOWED: Final = (
    f"a CSV file with a header and rows, plain or as .gz, of {MAX_BYTES:,} bytes at most"
)
_TYPICAL_ROWS: Final = 200
_CHARACTERS_READ: Final = 50_000_000
"""A sample with longer text is not searched for days, so that validation stays quick."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in lower-case hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sample_problems(document: Document, model: ModelSpec, folder: Path) -> Iterator[Problem]:
    """What is wrong with the data sample of a model."""
    path = folder / model.data.sample
    if not path.is_file():
        yield _at_sample(document, "there is no such file", path, "commit the sample")
        return
    size = path.stat().st_size
    if size > MAX_BYTES:
        problem = f"has {size:,} bytes, more than a git host takes"
        yield _at_sample(document, problem, path, "commit a sample of the data, not all of it")
        return
    version = sha256_of(path)
    if version != model.data.version:
        yield problem_at(
            document,
            ("data", "version"),
            "the sample's content is another one",
            got=model.data.version,
            allowed=version,
            remedy=f"run `mlops data record {model.name}`",
        )
    yield from _content_problems(document, model, path)


def _content_problems(document: Document, model: ModelSpec, path: Path) -> Iterator[Problem]:
    try:
        header, first_row = _beginning(path)
    except UnicodeDecodeError:
        yield _at_sample(document, "is not UTF-8 text", path, "save it as UTF-8")
        return
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        reason = str(error) or type(error).__name__
        yield _at_sample(document, f"cannot be read as CSV: {reason}", path, "write it again")
        return
    if not header or not first_row:
        what = "has no row below its header" if header else "is empty"
        yield _at_sample(document, what, path, "commit a sample with a header and rows")
    else:
        yield from _column_problems(document, model, header)
        yield from _training_end_problems(document, model, path)


def _column_problems(document: Document, model: ModelSpec, header: list[str]) -> Iterator[Problem]:
    if model.problem.target not in header:
        yield problem_at(
            document,
            ("problem", "target"),
            f"{model.data.sample} has no such column",
            got=model.problem.target,
            allowed=", ".join(header),
            remedy="name the column that is predicted",
        )


def _training_end_problems(document: Document, model: ModelSpec, path: Path) -> Iterator[Problem]:
    end = model.data.training_end
    column, before, after = (None, True, True) if end is None else _sides(path, end)
    if before and after:
        return
    words = "before every row, so nothing would be trained on" if after else "after every row"
    found = problem_at if after else warning_at
    yield found(
        document,
        ("data", "training_end"),
        f"lies {words} of {model.data.sample} (column {column})",
        got=end,
        allowed="a day between the first and the last row",
        remedy="correct the day, or remove it: then everything is trained on",
    )


def _sides(path: Path, end: str) -> tuple[str | None, bool, bool]:
    """The one column that holds days, and whether it has rows before a day, and from it on.

    Both are taken for granted where no column, or more than one, holds days.
    """
    with _opened(path) as text:
        rows = csv.DictReader(text)
        typical = list(itertools.islice(rows, _TYPICAL_ROWS))
        days = [name for name in rows.fieldnames or () if _holds_days(name, typical)]
        if len(days) != 1:
            return None, True, True
        before = after = False
        characters = 0
        for row in itertools.chain(typical, rows):
            day = _day(days[0], row[days[0]] or "")
            before, after = before or day < end, after or day >= end
            characters += sum(len(cell or "") for cell in row.values() if isinstance(cell, str))
            if (before and after) or characters > _CHARACTERS_READ:
                return days[0], True, True
    return days[0], before, after


def _holds_days(name: str, rows: list[dict[str, str]]) -> bool:
    pattern = r"[0-9]{4}" if name.lower() == "year" else r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?"
    return all(re.fullmatch(pattern, row[name] or "") for row in rows)


def _day(name: str, cell: str) -> str:
    """A cell as a day; a survey that knows years only begins on the first of January."""
    return f"{cell}-01-01" if name.lower() == "year" else cell[:10]


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def _beginning(path: Path) -> tuple[list[str], list[str]]:
    """The header and the first row; either is empty where the file ends before it."""
    with _opened(path) as text:
        rows = csv.reader(text)
        return next(rows, []), next(rows, [])


def _at_sample(document: Document, problem: str, path: Path, remedy: str) -> Problem:
    return problem_at(
        document, ("data", "sample"), problem, got=path.name, allowed=_ALLOWED, remedy=remedy
    )
