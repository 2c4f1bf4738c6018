"""A baseline weighted to the mix that a window has, so that a season is not taken for drift.

July beside a whole year is hot. Compared is what the baseline saw in July: its distribution within
each stratum, weighted by how often the window has that stratum (direct standardisation, as of death
rates; Kitagawa, JASA 1955). It says as much as fewer rows would (Kish 1965).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import Floats, Ints, Mask


@dataclass(frozen=True, kw_only=True)
class Strata:
    """A field's rows by bin, apart for each cell of the field that makes the strata."""

    counts: Mapping[int, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, strata: Ints, known: Mask, bins: Ints, size: int) -> "Strata":
        """The strata of some rows; those whose stratum is not known belong to none."""
        return cls(
            counts={
                int(stratum): np.bincount(bins[known & (strata == stratum)], minlength=size).astype(
                    np.int64
                )
                for stratum in np.unique(strata[known])
            }
        )

    def weighted(self, mix: Ints) -> Floats | None:
        """The baseline's rows by bin as they would be with the window's mix of strata.

        Strata that the baseline has no row of are left out. None if it has none of the window's.
        """
        shared = [s for s, counts in self.counts.items() if mix[s] and counts.sum()]
        if not shared:
            return None
        counts = np.array([self.counts[s] for s in shared], dtype=np.float64)
        rows = counts.sum(axis=1)
        weights = mix[shared] / mix[shared].sum()
        effective = 1 / float((weights**2 / rows).sum())
        return np.asarray(effective * (weights / rows) @ counts)

    def to_json(self) -> dict[str, list[int]]:
        """As the baseline's file holds it."""
        return {str(stratum): [int(n) for n in counts] for stratum, counts in self.counts.items()}

    @classmethod
    def read(cls, entry: Mapping[str, Any], size: int) -> "Strata":
        """Strata as `to_json` wrote them; any mistake is a TypeError or ValueError."""
        counts = {int(name): np.array(values, dtype=np.int64) for name, values in entry.items()}
        if any(values.shape != (size,) or values.min() < 0 for values in counts.values()):
            raise ValueError("counts of strata do not fit the bins")
        return cls(counts=counts)
