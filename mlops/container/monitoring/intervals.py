"""How sure a figure is: 95 % confidence intervals of shares, of their differences, of anything."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from .arrays import Floats
from .clusters import ClusteredCounts

CONFIDENCE: Final = 0.95
_Z: Final = 1.959963984540054
"""Quantile of the normal distribution for two tails of 2.5 %."""
RESAMPLES: Final = 1000
MAX_CLUSTERS: Final = 2000
"""More clusters are put together at random; the spread of sums stays, the cost is bounded."""
SEED: Final = 1979


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure between its confidence bounds."""

    value: float
    low: float
    high: float


def wilson(successes: float, trials: float) -> Interval:
    """A share (Wilson 1927).

    It is right also for few trials and for shares near 0 and 1, where the textbook's interval is
    far too narrow (Brown, Cai and DasGupta 2001).
    """
    share, square = successes / trials, _Z**2
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = (
        _Z
        * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
        / (1 + square / trials)
    )
    # At shares of 0 and 1 rounding would leave a bound beside the share itself.
    low = 0.0 if successes <= 0 else max(0.0, centre - half)
    high = 1.0 if successes >= trials else min(1.0, centre + half)
    return Interval(value=share, low=low, high=high)


def share_interval(first: ClusteredCounts) -> Interval:
    """The share of the first of two cells, with as many trials as independent rows would be."""
    effect = first.design_effect
    return wilson(float(first.counts[0]) / effect, first.rows / effect)


def newcombe(left: Interval, right: Interval) -> Interval:
    """The difference of two independent shares, left minus right (Newcombe 1998, method 10).

    Or of two differences: their distances to the bounds add up alike (Zou and Donner 2008).
    """
    difference = left.value - right.value
    below = math.hypot(left.value - left.low, right.high - right.value)
    above = math.hypot(left.high - left.value, right.value - right.low)
    return Interval(
        value=difference, low=max(-1.0, difference - below), high=min(1.0, difference + above)
    )


def bootstrap(
    sums: Floats, figures: Callable[[Floats], Floats], *, seed: int = SEED
) -> list[Interval]:
    """Figures of sums over rows, each with its percentile interval (Efron 1979).

    Args:
        sums: One line per request: the sums of its rows. Requests are drawn with replacement,
            because rows of one request err together (Davison and Hinkley 1997, section 3.8).
        figures: From lines of sums over all requests to lines of figures.
        seed: Same sums, same seed, same intervals.
    """
    draw = np.random.default_rng(seed)
    sums = _bounded(sums, draw)
    clusters = len(sums)
    weights = draw.multinomial(clusters, np.full(clusters, 1 / clusters), size=RESAMPLES)
    value = figures(sums.sum(axis=0, keepdims=True))[0]
    return [_between(*pair) for pair in zip(value, figures(weights @ sums).T, strict=True)]


def _between(value: float, drawn: Floats) -> Interval:
    """A figure between the tails of its resamples, those left out in which it does not exist."""
    finite = drawn[np.isfinite(drawn)]
    if not len(finite):
        return Interval(value=float(value), low=math.nan, high=math.nan)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(finite, [tail, 100 - tail])
    return Interval(value=float(value), low=float(low), high=float(high))


def _bounded(sums: Floats, draw: np.random.Generator) -> Floats:
    if len(sums) <= MAX_CLUSTERS:
        return sums
    group = draw.permutation(len(sums)) % MAX_CLUSTERS
    together = np.zeros((MAX_CLUSTERS, sums.shape[1]))
    np.add.at(together, group, sums)
    return together
