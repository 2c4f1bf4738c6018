"""How surprising a difference would be by chance alone, and how many surprises to allow."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from .distances import Pair, kolmogorov_smirnov


def chi_squared_p(pair: Pair, requests: int) -> float:
    """That two samples of one population differ this much over unordered cells.

    Pearson's test of homogeneity; two cells alone are tested exactly. Rows that came in requests
    leave less to estimate the design effect from, hence F in place of chi-squared where requests
    are few (Rao and Thomas 1989); with many the two are one.
    """
    few = pair.cells - 1
    if few < 1 or not pair.window.sum():
        return 1.0
    if few == 1:
        return _fisher_both(pair)
    together = pair.baseline + pair.window
    total = float(together.sum())
    statistic = 0.0
    for side in (pair.baseline, pair.window):
        expected = together * (float(side.sum()) / total)
        statistic += float(((side - expected) ** 2 / expected).sum())
    return float(stats.f.sf(statistic / few, few, few * max(1, requests - 1)))


def kolmogorov_smirnov_p(pair: Pair) -> float:
    """That two samples of one population differ this much in their distribution functions.

    The distance of cells is never larger than that of the values, so the test never cries wolf
    more often than it says; neither does it where values repeat (Noether 1963).
    """
    if not pair.window.sum():
        return 1.0
    rows = max(1, round(1 / pair.precision))
    return float(stats.kstwo.sf(kolmogorov_smirnov(pair), rows))


def more_than_before_p(before: tuple[float, float], now: tuple[float, float]) -> float:
    """That a share rose this much by chance: Fisher's exact test, one-sided.

    Each side is (rows with the property, rows); broken numbers are rounded.
    """
    (had, rows_before), (has, rows_now) = ((round(k), round(n)) for k, n in (before, now))
    if not rows_now or not rows_before:
        return 1.0
    return float(stats.hypergeom.sf(has - 1, rows_before + rows_now, had + has, rows_now))


def either(first: float, second: float) -> float:
    """One p-value for two tests of the same field, whichever way they depend on each other."""
    return min(1.0, 2 * min(first, second))


def q_values(p_values: Sequence[float]) -> list[float]:
    """Smallest false discovery rate at which each would be called significant.

    Benjamini and Hochberg (1995). Holds for independent tests and for positively dependent ones
    (Benjamini and Yekutieli 2001); fields of one row are usually the latter.
    """
    if not p_values:
        return []
    ordered = np.argsort(p_values)
    ranks = np.arange(1, len(p_values) + 1)
    scaled = np.asarray(p_values, dtype=np.float64)[ordered] * len(p_values) / ranks
    # A larger p-value never gets a smaller q-value.
    monotone = np.minimum.accumulate(scaled[::-1])[::-1]
    found = np.empty(len(p_values))
    found[ordered] = np.minimum(monotone, 1.0)
    return [float(value) for value in found]


def _fisher_both(pair: Pair) -> float:
    """Twice the smaller tail, which is at least the two-sided p-value."""
    now = (float(pair.window[0]), float(pair.window.sum()))
    before = (float(pair.baseline[0]), float(pair.baseline.sum()))
    rest = ((before[1] - before[0], before[1]), (now[1] - now[0], now[1]))
    return either(more_than_before_p(before, now), more_than_before_p(*rest))
