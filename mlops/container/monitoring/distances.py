"""How far apart two distributions are, from the rows that fell into each cell.

Counts may be broken numbers: a window's are divided by its design effect first.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .arrays import Floats, Ints

LEAST_EXPECTED: Final = 5.0
"""Rows that each cell of a chi-squared test should expect (Cochran, Biometrics 1954)."""
_PSEUDO_ROWS: Final = 0.5
"""Added to every cell before shares are taken, so that an empty one has a logarithm (Jeffreys)."""
Counts = Floats | Ints


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The rows of a baseline and of a window in the same cells."""

    baseline: Floats
    window: Floats

    @classmethod
    def of(cls, baseline: Counts, window: Counts) -> "Pair":
        """Two rows of counts, without the cells that are empty in both."""
        used = (np.asarray(baseline) + np.asarray(window)) > 0
        return cls(
            baseline=np.asarray(baseline, dtype=np.float64)[used],
            window=np.asarray(window, dtype=np.float64)[used],
        )

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.baseline)

    @property
    def precision(self) -> float:
        """1/n + 1/m: the variance that sampling alone gives to a difference of shares."""
        return 1 / float(self.window.sum()) + 1 / float(self.baseline.sum())

    def pooled(self, least: float = LEAST_EXPECTED) -> "Pair":
        """The same rows with the rarest cells together, until each expects enough of the window.

        Expected under the null hypothesis that both are one population. Which cells are pooled
        depends on the sum of both, so neither side chooses.
        """
        together = self.baseline + self.window
        expected = together * (float(self.window.sum()) / float(together.sum()))
        order = np.argsort(expected, kind="stable")
        if not len(order) or expected[order[0]] >= least:
            return self
        rare = order[: int(np.searchsorted(np.cumsum(expected[order]), least)) + 1]
        kept = np.setdiff1d(np.arange(self.cells), rare)
        return Pair(
            baseline=np.append(self.baseline[kept], self.baseline[rare].sum()),
            window=np.append(self.window[kept], self.window[rare].sum()),
        )


def psi(pair: Pair) -> float:
    """Population stability index: the sum of (q - p) ln(q/p), p the baseline's shares."""
    p, q = _shares(pair.baseline), _shares(pair.window)
    return float(((q - p) * np.log(q / p)).sum())


def chance_psi(pair: Pair) -> float:
    """The index that two samples of one population have on average.

    It is distributed like (1/n + 1/m) times chi-squared with one degree less than cells (Yurdakul
    2018), so small windows have a large index without any change.
    """
    return (pair.cells - 1) * pair.precision


def jensen_shannon(pair: Pair) -> float:
    """Jensen-Shannon distance in base 2: 0 for equal, 1 for disjoint distributions."""
    p, q = pair.baseline / pair.baseline.sum(), pair.window / pair.window.sum()
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(max(0.0, divergence)))


def kolmogorov_smirnov(pair: Pair) -> float:
    """Largest difference of the two distribution functions at the ends of ordered cells."""
    p = np.cumsum(pair.baseline) / pair.baseline.sum()
    q = np.cumsum(pair.window) / pair.window.sum()
    return float(np.abs(p - q).max())


def unresolved(pair: Pair) -> float:
    """How much larger the distance of the values themselves can be than that of the cells.

    Within a cell one function may rise before the other does, by no more than the larger of their
    shares in it.
    """
    p, q = pair.baseline / pair.baseline.sum(), pair.window / pair.window.sum()
    return float(np.maximum(p, q).max())


def _shares(counts: Floats) -> Floats:
    filled = counts + _PSEUDO_ROWS
    shares: Floats = filled / filled.sum()
    return shares


def _relative_entropy(p: Floats, q: Floats) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())
