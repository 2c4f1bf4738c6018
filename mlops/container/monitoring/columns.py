"""Rows of many requests turned into columns, a bounded number at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .arrays import Ints
from .capture import DUPLICATE, Record
from .duplicates import SeenEvents, digests
from .schema import Field, Row
from .sources import Counts

BATCH_ROWS: Final = 20_000
"""Large enough for numpy, small enough that a batch of wide rows stays below some 100 MB."""
_EXTRA_NAMES: Final = 100
Values = Sequence[object]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The same rows, column by column."""

    rows: int
    requests: Ints
    """The request that each row came with, as a number; rows of one request belong together."""
    values: dict[str, Values]
    """By field; null where a row has no such column."""
    absent: dict[str, int]
    """Rows without the column, by field."""
    extra: dict[str, int]
    """Rows with a column that is not a field, by its name; a hundred names at most."""


def batches(
    records: Iterable[Record], seen: SeenEvents, counts: Counts, *, rows: int = BATCH_ROWS
) -> Iterator[list[Record]]:
    """Records whose rows make up a batch; what was seen before is left out and counted."""
    held: list[Record] = []
    size = 0
    for record in records:
        held.append(record)
        size += len(record.inputs)
        if size >= rows:
            yield _unseen(held, seen, counts)
            held, size = [], 0
    if held:
        yield _unseen(held, seen, counts)


def _unseen(held: list[Record], seen: SeenEvents, counts: Counts) -> list[Record]:
    fresh = seen.first_time(digests([record.event for record in held]))
    counts[DUPLICATE] += len(held) - int(fresh.sum())
    return [record for record, is_fresh in zip(held, fresh, strict=True) if is_fresh]


def columns_of(fields: Sequence[Field], requests: Sequence[Sequence[Row]]) -> Columns:
    """The rows of these requests by field."""
    rows = [row for request in requests for row in request]
    known = [field.name for field in fields]
    sizes = np.array([len(request) for request in requests], dtype=np.int64)
    return Columns(
        rows=len(rows),
        requests=np.repeat(np.arange(len(requests), dtype=np.int64), sizes),
        values={name: [row.get(name) for row in rows] for name in known},
        absent=_absent(rows, known),
        extra=_extra(rows, frozenset(known)),
    )


def _absent(rows: Sequence[Row], known: Sequence[str]) -> dict[str, int]:
    # Most rows have every column; only the others are looked at name by name.
    wanted = frozenset(known)
    partial = [row for row in rows if not wanted <= row.keys()]
    return {name: sum(name not in row for row in partial) for name in known}


def _extra(rows: Sequence[Row], known: frozenset[str]) -> dict[str, int]:
    found = Counter(
        str(name) for row in rows if not known.issuperset(row) for name in row if name not in known
    )
    # By name, so that the choice does not depend on the order in which they came.
    return {name: found[name] for name in sorted(found)[:_EXTRA_NAMES]}
