"""Checks the committed data sample: it is whole, the recorded version, and has the target."""

import csv
import gzip
import hashlib
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
_ROWS_AT_ONCE: Final = 1000
ROWS_PARSED: Final = 500_000
TEXT_PARSED: Final = 50_000_000
"""After so many rows or bytes of text the rest is read, not parsed: validation stays quick."""
TEXT_READ: Final = 300_000_000
"""Of a compressed sample with more bytes of text the rest is not read at all."""
_READ_AT_ONCE: Final = 1_000_000


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
        seen = _seen(path, model)
    except UnicodeDecodeError:
        yield _at_sample(document, "is not UTF-8 text", path, "save it as UTF-8")
        return
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        reason = str(error) or type(error).__name__
        yield _at_sample(document, f"cannot be read as CSV: {reason}", path, "write it again")
        return
    if not seen.rows:
        what = "has no row below its header" if seen.header else "is empty"
        yield _at_sample(document, what, path, "commit a sample with a header and rows")
    else:
        yield from _column_problems(document, model, seen.header)
        yield from _row_problems(document, model, path, seen)
        yield from _training_end_problems(document, model, seen)


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


def _row_problems(
    document: Document, model: ModelSpec, path: Path, seen: "_Seen"
) -> Iterator[Problem]:
    twice = [name for name, count in Counter(seen.header).items() if count > 1]
    if twice:
        problem = f"has several columns of one name: {', '.join(map(repr, twice))}"
        yield _at_sample(document, problem, path, "give every column a name of its own")
    if seen.uneven is not None:
        problem = f"row {seen.uneven} has another number of cells than the header"
        yield _at_sample(document, problem, path, "write every row with all of its cells")
    elif not (twice or seen.target is None or seen.has_target or seen.is_cut):
        problem = f"the target {model.problem.target} is empty in every row"
        yield _at_sample(document, problem, path, "commit rows whose answer is known")


def _training_end_problems(
    document: Document, model: ModelSpec, seen: "_Seen"
) -> Iterator[Problem]:
    if seen.day is None or seen.is_cut or (seen.before and seen.after):
        return
    words = "after every row" if seen.before else "before every row, so nothing would be trained on"
    found = warning_at if seen.before else problem_at
    yield found(
        document,
        ("data", "training_end"),
        f"lies {words} of {model.data.sample} (column {seen.header[seen.day]})",
        got=seen.end,
        allowed="a day between the first and the last row",
        remedy="correct the day, or remove it: then everything is trained on",
    )


@dataclass(kw_only=True)
class _Seen:
    """What one pass over a sample has found so far."""

    header: list[str]
    target: int | None
    """The target's column."""
    end: str | None
    """The day on which training ends."""
    rows: int = 0
    uneven: int | None = None
    """The first row with another number of cells than the header, the header being row 1."""
    has_target: bool = False
    day: int | None = None
    """The only column that holds days; nothing is claimed where there are several."""
    before: bool = False
    after: bool = False
    is_cut: bool = False
    """Whether rows were left that nobody parsed."""

    def take(self, rows: list[list[str]]) -> None:
        """Look at the next rows, in their order."""
        if self.uneven is None and not {len(row) for row in rows} <= {len(self.header)}:
            uneven = (at for at, row in enumerate(rows) if len(row) != len(self.header))
            self.uneven = self.rows + 2 + next(uneven)
        if self.rows == 0 and self.end is not None:
            self.day = _day_column(self.header, rows[:_TYPICAL_ROWS])
        self.rows += len(rows)
        if self.target is not None and not self.has_target:
            self.has_target = any(cell.strip() for cell in _cells(rows, self.target))
        if self.day is not None and self.end is not None and not (self.before and self.after):
            days = [_day(self.header[self.day], cell) for cell in _cells(rows, self.day)]
            self.before = self.before or min(days, default=self.end) < self.end
            self.after = self.after or max(days, default="") >= self.end


def _seen(path: Path, model: ModelSpec) -> _Seen:
    """Everything that is asked of a sample, in one pass from its beginning to its end."""
    with _opened(path) as text:
        reader = csv.reader(text)
        header = next(reader, [])
        target = header.index(model.problem.target) if model.problem.target in header else None
        seen = _Seen(header=header, target=target, end=model.data.training_end)
        rows = filter(None, reader)  # an empty line is no row
        while batch := list(itertools.islice(rows, _ROWS_AT_ONCE)):
            seen.take(batch)
            if seen.rows > ROWS_PARSED or text.buffer.tell() > TEXT_PARSED:
                seen.is_cut = True
                _read_on(text)
                break
    return seen


def _read_on(text: TextIO) -> None:
    """Read to the end without parsing: what is not a whole file of text shows all the same."""
    while text.read(_READ_AT_ONCE) and text.buffer.tell() <= TEXT_READ:
        pass


def _cells(rows: list[list[str]], column: int) -> list[str]:
    return [row[column] for row in rows if column < len(row)]


def _day_column(header: list[str], rows: list[list[str]]) -> int | None:
    days = [at for at, name in enumerate(header) if _holds_days(name, _column(rows, at))]
    return days[0] if len(days) == 1 else None


def _column(rows: list[list[str]], column: int) -> list[str]:
    return [row[column] if column < len(row) else "" for row in rows]


def _holds_days(name: str, cells: list[str]) -> bool:
    pattern = r"[0-9]{4}" if name.lower() == "year" else r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?"
    return all(re.fullmatch(pattern, cell) for cell in cells)


def _day(name: str, cell: str) -> str:
    """A cell as a day; a survey that knows years only begins on the first of January."""
    return f"{cell}-01-01" if name.lower() == "year" else cell[:10]


def _opened(path: Path) -> TextIO:
    """The text as the training reads it: a line ends with a line feed, a mark at the start goes."""
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline="\n"))
    return path.open(encoding="utf-8-sig", newline="\n")


def _at_sample(document: Document, problem: str, path: Path, remedy: str) -> Problem:
    return problem_at(
        document, ("data", "sample"), problem, got=path.name, allowed=_ALLOWED, remedy=remedy
    )
