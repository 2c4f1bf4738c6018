"""Where a field's values are counted: cells that the baseline fixed once.

Numbers lie in up to a hundred bins of equal share, and in two more below and above everything the
baseline saw. Words are counted one by one, up to a limit, and all others together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from .arrays import Floats, Ints

FINE_BINS: Final = 100
"""The distance of two distribution functions is then known within one bin, some 1 %."""
COARSE_BINS: Final = 10
"""Deciles, in which the population stability index is read by convention."""
CATEGORIES: Final = 200


@dataclass(frozen=True, kw_only=True)
class NumberBins:
    """Bins that are open on the left and closed on the right."""

    edges: tuple[float, ...]
    """Ascending; the first lies just below the smallest value, the last is the largest."""

    @classmethod
    def from_values(cls, values: Floats) -> "NumberBins":
        """Bins of equal share, fewer where values repeat: a value is never split."""
        shares = np.arange(1, FINE_BINS + 1) / FINE_BINS
        upper = np.unique(np.quantile(values, shares, method="inverted_cdf"))
        below = np.nextafter(values.min(), -np.inf)
        return cls(edges=(float(below), *map(float, upper)))

    @cached_property
    def _edges(self) -> Floats:
        return np.array(self.edges, dtype=np.float64)

    @property
    def size(self) -> int:
        """Number of cells: below, each bin, above."""
        return len(self.edges) + 1

    def cells(self, values: Floats) -> Ints:
        """The cell of each value."""
        return np.searchsorted(self._edges, values, side="left").astype(np.int64)

    @property
    def unseen(self) -> tuple[int, ...]:
        """Cells that hold what the baseline never saw."""
        return (0, self.size - 1)

    def coarse(self, counts: Ints) -> Ints:
        """Groups of cells with about a tenth of the baseline's rows each; the unseen stay alone."""
        inner = np.cumsum(counts[1:-1])
        tenth = max(1.0, float(inner[-1]) / COARSE_BINS)
        # A cell belongs to the tenth in which its middle row lies.
        middle = inner - counts[1:-1] / 2
        groups = np.unique(np.floor(middle / tenth), return_inverse=True)[1] + 1
        return np.concatenate([[0], groups, [groups[-1] + 1]]).astype(np.int64)

    def to_json(self) -> dict[str, Any]:
        """As the baseline's file holds it."""
        return {"edges": list(self.edges)}


@dataclass(frozen=True, kw_only=True)
class CategoryBins:
    """A cell for each of the baseline's values, the last for all others."""

    categories: tuple[str, ...]

    @classmethod
    def from_values(cls, values: Sequence[str]) -> "CategoryBins":
        """The most frequent values, in their alphabetical order."""
        ranked = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
        return cls(categories=tuple(sorted(value for value, _ in ranked[:CATEGORIES])))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {value: place for place, value in enumerate(self.categories)}

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.categories) + 1

    def cells(self, values: Sequence[str]) -> Ints:
        """The cell of each value."""
        other = len(self.categories)
        places = self._places
        return np.array([places.get(value, other) for value in values], dtype=np.int64)

    @property
    def unseen(self) -> tuple[int, ...]:
        """The cell of all others."""
        return (self.size - 1,)

    def coarse(self, counts: Ints) -> Ints:
        """Every category is its own group; rare ones are pooled where they are compared."""
        return np.arange(len(counts), dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """As the baseline's file holds it."""
        return {"categories": list(self.categories)}


Bins = NumberBins | CategoryBins


def text_of(value: object) -> str:
    """A word or a truth value as a category."""
    return str(value).lower() if isinstance(value, bool) else str(value)
