"""Checks the committed data sample: it exists, is the recorded version, and has the target."""

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.translation import problem_at

_ALLOWED = "a CSV file with a header and rows, plain or as .gz"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in lower-case hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sample_problems(document: Document, model: ModelSpec, folder: Path) -> Iterator[Problem]:
    """What is wrong with the data sample of a model."""
    path = folder / model.data.sample
    if not path.is_file():
        yield _at_sample(document, "there is no such file", path, "commit the sample")
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
    elif model.problem.target not in header:
        yield problem_at(
            document,
            ("problem", "target"),
            f"{model.data.sample} has no such column",
            got=model.problem.target,
            allowed=", ".join(header),
            remedy="name the column that is predicted",
        )


def _beginning(path: Path) -> tuple[list[str], list[str]]:
    """The header and the first row; either is empty where the file ends before it."""
    with (
        gzip.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="") as text
    ):
        rows = csv.reader(text)
        return next(rows, []), next(rows, [])


def _at_sample(document: Document, problem: str, path: Path, remedy: str) -> Problem:
    return problem_at(
        document, ("data", "sample"), problem, got=path.name, allowed=_ALLOWED, remedy=remedy
    )
