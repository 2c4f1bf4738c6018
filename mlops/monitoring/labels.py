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


def read_labels(lines: Iterable[bytes], outcome: Outcome, counts: Counts) -> Labels:
    """The labels of files in the order of delivery; of two for one request the last one wins."""
    by_key: dict[str, tuple[float, ...]] = {}
    for line in lines:
        if not line.strip():
            continue
        found = _labels(line, outcome, counts)
        if found is None:
            counts[UNREADABLE] += 1
            continue
        key, values = found
        if key in by_key:
            counts[REPEATED if _same(by_key[key], values) else CONTRADICTED] += 1
        by_key[key] = values
    return Labels(by_key=by_key)


def _labels(line: bytes, outcome: Outcome, counts: Counts) -> tuple[str, tuple[float, ...]] | None:
    try:
        content = json.loads(line)
        key = content["eventMetadata"]["eventId"]
        values = _values(content["groundTruthData"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    if not isinstance(key, str) or not values:
        return None
    numbers = tuple(outcome.number(value) for value in values)
    counts[UNKNOWN_VALUE] += sum(
        math.isnan(number) and value is not None
        for number, value in zip(numbers, values, strict=True)
    )
    return key, numbers


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
