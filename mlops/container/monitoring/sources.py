"""Lines of files that may be compressed, cut off or broken, in bounded memory."""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

from .errors import MonitoringError

MAX_LINE_BYTES: Final = 2**26
"""A request and its answer of 25 MB each, the most that SageMaker takes, would fit in base64."""
TOO_LONG: Final = "line too long"
CUT_FILE: Final = "compressed file cut off"
BROKEN_FILE: Final = "compressed file broken"
_GZIP_MAGIC: Final = b"\x1f\x8b"
_SUFFIXES: Final = (".jsonl", ".json", ".gz")
Counts = Counter[str]


class LineStream(Protocol):
    """What a binary file can do."""

    def readline(self, size: int, /) -> bytes:
        """The bytes up to a line's end, at most `size` of them."""


def files_below(folder: Path) -> list[Path]:
    """Every JSON Lines file below a folder, in the order of their names; hours sort by time."""
    return sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)


def lines_of(
    files: Iterable[Path], counts: Counts, *, limit: int = MAX_LINE_BYTES
) -> Iterator[bytes]:
    """The lines of files, one after the other; what is lost on the way is counted by reason.

    A compressed file is known by its first bytes, not by its name. One that ends early or holds
    nonsense gives the lines before that.

    Raises:
        MonitoringError: a file cannot be opened or read at all.
    """
    for path in files:
        try:
            with path.open("rb") as raw:
                yield from _file_lines(raw, counts, limit)
        except OSError as error:
            raise MonitoringError(
                f"{path}: cannot be read ({error.strerror}); remedy: check the path and its rights"
            ) from error


def _file_lines(raw: io.BufferedReader, counts: Counts, limit: int) -> Iterator[bytes]:
    if raw.peek(2)[:2] != _GZIP_MAGIC:
        yield from _lines(raw, counts, limit)
        return
    try:
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield from _lines(unpacked, counts, limit)
    except EOFError:
        counts[CUT_FILE] += 1
    except (gzip.BadGzipFile, zlib.error):
        counts[BROKEN_FILE] += 1


def _lines(stream: LineStream, counts: Counts, limit: int) -> Iterator[bytes]:
    while line := stream.readline(limit):
        if len(line) < limit or line.endswith(b"\n"):
            yield line
        else:
            counts[TOO_LONG] += 1
            _skip(stream, limit)


def _skip(stream: LineStream, limit: int) -> None:
    """Leave the rest of a line behind without holding it."""
    while (rest := stream.readline(limit)) and not rest.endswith(b"\n"):
        pass
