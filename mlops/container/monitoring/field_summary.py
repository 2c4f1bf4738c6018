"""One field of many rows in a few hundred numbers, which merge in any order."""

from dataclasses import dataclass
from functools import cached_property
from itertools import compress

import numpy as np

from .arrays import Floats, Ints, Mask
from .bins import Bins, CategoryBins, NumberBins
from .bounded import BoundedCounts
from .clusters import ClusteredCounts
from .columns import Values
from .faults import Checked, Faults, checked
from .moments import Moments
from .schema import Field


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How a field is counted: its contract, its bins, and how bins form the groups of tests."""

    field: Field
    bins: Bins
    baseline: Ints
    """The baseline's rows by bin; the groups follow from them."""

    @cached_property
    def groups(self) -> Ints:
        """The group of each bin."""
        return self.bins.coarse(self.baseline)

    @cached_property
    def group_count(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1

    def grouped(self, counts: Ints | Floats) -> Floats:
        """Rows by group."""
        together = np.zeros(self.group_count)
        np.add.at(together, self.groups, counts)
        return together


@dataclass(frozen=True, kw_only=True)
class FieldSummary:
    """What is known of a field after some rows."""

    counts: Ints
    """Rows by bin."""
    groups: ClusteredCounts
    """Rows by group, with what their variance needs."""
    presence: ClusteredCounts
    """All rows as two cells: null, or not."""
    novelty: ClusteredCounts
    """Rows with a value as two cells: never seen by the baseline, or seen."""
    moments: Moments
    """Of a numeric field's values; empty for others."""
    unseen: BoundedCounts
    """Categories that the baseline never saw."""
    faults: Faults

    @classmethod
    def of(cls, frame: Frame, values: Values, requests: Ints, absent: int = 0) -> "FieldSummary":
        """The summary of a column; `requests` names the request of each row."""
        found = checked(frame.field, values, absent)
        cells = cells_of(frame.bins, found)
        present = requests[found.usable]
        new = np.isin(cells, frame.bins.unseen)
        return cls(
            counts=np.bincount(cells, minlength=frame.bins.size).astype(np.int64),
            groups=ClusteredCounts.of(frame.groups[cells], present, frame.group_count),
            presence=ClusteredCounts.of((~found.null).astype(np.int64), requests, 2),
            novelty=ClusteredCounts.of((~new).astype(np.int64), present, 2),
            moments=Moments.of(found.numbers),
            unseen=_unseen_words(frame.bins, found, new),
            faults=found.faults,
        )

    def merged(self, other: "FieldSummary") -> "FieldSummary":
        """The summary of the rows of both."""
        return FieldSummary(
            counts=self.counts + other.counts,
            groups=self.groups.merged(other.groups),
            presence=self.presence.merged(other.presence),
            novelty=self.novelty.merged(other.novelty),
            moments=self.moments.merged(other.moments),
            unseen=self.unseen.merged(other.unseen),
            faults=self.faults.merged(other.faults),
        )


def cells_of(bins: Bins, found: Checked) -> Ints:
    """The bin of each usable value."""
    if isinstance(bins, NumberBins):
        return bins.cells(found.numbers)
    return bins.cells(found.words)


def _unseen_words(bins: Bins, found: Checked, new: Mask) -> BoundedCounts:
    if isinstance(bins, CategoryBins):
        return BoundedCounts.of(compress(found.words, new))
    return BoundedCounts()
