"""A window of traffic summarised part by part, and merged in any order.

Its memory does not grow with the traffic, except by eight bytes an event.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import Final

import numpy as np

from .arrays import Digests
from .capture import Record
from .columns import Columns, columns_of
from .field_summary import FieldSummary, Frame
from .schema import Field, Schema

_EXTRA_NAMES: Final = 100


@dataclass(frozen=True, kw_only=True)
class WindowSummary:
    """What is known of a window, or of a part of it."""

    requests: int = 0
    rows: int = 0
    answered_rows: int = 0
    lost_answers: int = 0
    """Requests whose answer should be there and cannot be read."""
    fields: Mapping[str, FieldSummary] = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)
    """Rows with a column that the contract does not name."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Lines that gave no record, or half of one, by reason."""
    first: datetime | None = None
    last: datetime | None = None
    events: Digests = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    """Hashes of the event ids, sorted, each once."""

    @property
    def counted_twice(self) -> int:
        """Events that lie in more than one merged part, whose rows are therefore in it twice.

        Within a part duplicates are left out. Parts that never share an event, such as the hours
        of SageMaker's capture folders, keep this at 0.
        """
        return self.requests - len(self.events)

    def merged(self, other: "WindowSummary") -> "WindowSummary":
        """The summary of both parts."""
        extra = Counter(self.extra)
        extra.update(other.extra)
        reasons = Counter(self.reasons)
        reasons.update(other.reasons)
        return WindowSummary(
            requests=self.requests + other.requests,
            rows=self.rows + other.rows,
            answered_rows=self.answered_rows + other.answered_rows,
            lost_answers=self.lost_answers + other.lost_answers,
            fields=_merged_fields(self.fields, other.fields),
            extra={name: extra[name] for name in sorted(extra)[:_EXTRA_NAMES]},
            reasons=dict(sorted(reasons.items())),
            first=min((t for t in (self.first, other.first) if t), default=None),
            last=max((t for t in (self.last, other.last) if t), default=None),
            events=np.union1d(self.events, other.events),
        )


def summary_of(
    batch: Sequence[Record], schema: Schema, frames: Mapping[str, Frame]
) -> WindowSummary:
    """The summary of some records; event ids and reasons belong to the stream, not to a batch."""
    answered = [record for record in batch if record.outputs is not None]
    asked = columns_of(schema.input, [record.inputs for record in batch])
    told = columns_of(schema.output, [record.outputs or () for record in answered])
    times = [record.time for record in batch if record.time is not None]
    return WindowSummary(
        requests=len(batch),
        rows=asked.rows,
        answered_rows=told.rows,
        lost_answers=sum(record.lost_answer for record in batch),
        fields=_summaries(schema.input, asked, frames) | _summaries(schema.output, told, frames),
        extra=asked.extra,
        first=min(times, default=None),
        last=max(times, default=None),
    )


def merged(parts: Iterable[WindowSummary]) -> WindowSummary:
    """The summary of all parts; of none, an empty one."""
    return reduce(WindowSummary.merged, parts, WindowSummary())


def _summaries(
    fields: Sequence[Field], columns: Columns, frames: Mapping[str, Frame]
) -> dict[str, FieldSummary]:
    return {
        field.name: FieldSummary.of(
            frames[field.name],
            columns.values[field.name],
            columns.requests,
            columns.absent[field.name],
        )
        for field in fields
    }


def _merged_fields(
    left: Mapping[str, FieldSummary], right: Mapping[str, FieldSummary]
) -> dict[str, FieldSummary]:
    return {
        name: left[name].merged(right[name])
        if name in left and name in right
        else (left.get(name) or right[name])
        for name in sorted(left.keys() | right.keys())
    }
