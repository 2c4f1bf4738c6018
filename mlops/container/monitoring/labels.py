"""Ground truth as callers deliver it: late, in parts, twice, and sometimes in two minds.

The form is Model Monitor's (Developer Guide, "Ingest Ground Truth labels"): one JSON line per
request, joined on the caller's inference id or else on SageMaker's event id. A request of many rows
has as many labels in its order, null where one is not known yet.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .outcome import Outcome
from .sources import Counts

ABOUT_LABELS: Final = "label"
"""How every reason begins that concerns labels, and not the captured traffic."""
REPEATED: Final = "label delivered again, the same"
CONTRADICTED: Final = "label delivered again, another one: the last one counts"
UNREADABLE: Final = "label line unreadable"
UNKNOWN_VALUE: Final = "label value unreadable"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The labels of each request, by the key that joins them."""

    by_key: Mapping[str, tuple[float, ...]]
    lines: int = 0
    """Lines that were delivered; blank ones are none."""
    lost_lines: int = 0
    """Of these, lines that give no label."""
    values: int = 0
    """Values of the other lines; null, a label that is not known yet, is none."""
    lost_values: int = 0
    """Of these, values that are none of the outcome's."""


def read_labels(lines: Iterable[bytes], outcome: Outcome, counts: Counts) -> Labels:
    """The labels of files in the order of delivery; of two for one request the last one wins."""
    by_key: dict[str, tuple[float, ...]] = {}
    delivered = lost = known = unknown = 0
    for line in lines:
        if not line.strip():
            continue
        delivered += 1
        found = _labels(line)
        if found is None:
            lost += 1
            continue
        key, values = found
        numbers = tuple(map(outcome.number, values))
        known += sum(value is not None for value in values)
        unknown += sum(
            math.isnan(number) and value is not None
            for number, value in zip(numbers, values, strict=True)
        )
        if key in by_key:
            counts[REPEATED if _same(by_key[key], numbers) else CONTRADICTED] += 1
        by_key[key] = numbers
    counts[UNREADABLE] += lost
    counts[UNKNOWN_VALUE] += unknown
    return Labels(
        by_key=by_key, lines=delivered, lost_lines=lost, values=known, lost_values=unknown
    )


def _labels(line: bytes) -> tuple[str, list[object]] | None:
    try:
        content = json.loads(line)
        key = content["eventMetadata"]["eventId"]
        values = _values(content["groundTruthData"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return (key, values) if isinstance(key, str) and values else None


def _values(data: Mapping[str, Any]) -> list[object]:
    given = data["data"]
    if isinstance(given, str):
        given = _cells(given) if data.get("encoding", "CSV") == "CSV" else json.loads(given)
    return given if isinstance(given, list) else [given]


def _cells(text: str) -> list[object]:
    """One label a cell, whether cells follow each other in a line or in a column."""
    cells = (cell.strip() for line in csv.reader(io.StringIO(text)) for cell in line)
    return [cell or None for cell in cells]


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return len(one) == len(other) and all(
        a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(one, other, strict=True)
    )
