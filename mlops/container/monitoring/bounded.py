"""Counts of many different values in bounded memory, exactly mergeable.

Kept are the values with the smallest hashes. A value among the smallest of a whole is among the
smallest of every part that holds it, so its count is exact however the whole was cut, and neither
the order nor the grouping of merges matters (a bottom-k sample; Cohen and Kaplan, "Summarizing data
using bottom-k sketches", PODC 2007). As long as there are no more values than places, it is all of
them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

KEPT: Final = 1000
SHOWN_CHARACTERS: Final = 80
"""Values longer than this are cut: they are shown to people, and may hold anything."""


@dataclass(frozen=True, kw_only=True)
class BoundedCounts:
    """How often each value of a sample occurred, and whether the sample is everything."""

    counts: dict[str, int] = field(default_factory=dict)
    complete: bool = True

    @classmethod
    def of(cls, values: Iterable[str]) -> "BoundedCounts":
        """The counts of some values."""
        return _kept(Counter(value[:SHOWN_CHARACTERS] for value in values), complete=True)

    def merged(self, other: "BoundedCounts") -> "BoundedCounts":
        """The counts of both."""
        together = Counter(self.counts)
        together.update(other.counts)
        return _kept(together, complete=self.complete and other.complete)

    def most_frequent(self, places: int) -> list[tuple[str, int]]:
        """The most frequent values of the sample; of equal ones the first by name."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:places]


def _kept(counts: Counter[str], *, complete: bool) -> BoundedCounts:
    if len(counts) <= KEPT:
        return BoundedCounts(counts=dict(counts), complete=complete)
    smallest = sorted(counts, key=_rank)[:KEPT]
    return BoundedCounts(counts={value: counts[value] for value in smallest}, complete=False)


def _rank(value: str) -> bytes:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
