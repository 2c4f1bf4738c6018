"""How good predictions are, and how sure we may be of that: metrics with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Figures = dict[str, float]

HIGHER_IS_BETTER = {"r2": True, "rmse": False, "mae": False, "interval_coverage": True}
CONFIDENCE = 0.95
RESAMPLES = 1000
SEED = 2011


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Labels beside the predictions for the same rows."""

    truth: Numbers
    demand: Numbers
    low: Numbers | None = None
    high: Numbers | None = None

    def subset(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Scored:
        """The rows where the mask is true."""
        low, high = (None if end is None else end[mask] for end in (self.low, self.high))
        return Scored(truth=self.truth[mask], demand=self.demand[mask], low=low, high=high)


def figures(scored: Scored) -> Figures:
    """Every metric of these rows; a model without intervals has no coverage."""
    return _figures(_sums(scored).sum(axis=0), with_coverage=scored.low is not None)


def with_bounds(scored: Scored, clusters: Sequence[Hashable]) -> dict[str, Figures]:
    """Every metric with its confidence interval.

    Whole clusters (days) are drawn, not rows: hours of a day err together, and drawing them one by
    one would claim more certainty than there is.
    """
    draws = _resampled(_sums(scored), clusters)
    known = scored.low is not None
    samples = [_figures(draw, with_coverage=known) for draw in draws]
    tail = 100 * (1 - CONFIDENCE) / 2
    return {
        name: {
            "value": value,
            "low": _percentile([sample[name] for sample in samples], tail),
            "high": _percentile([sample[name] for sample in samples], 100 - tail),
        }
        for name, value in figures(scored).items()
    }


def worsening(candidate: Figures, approved: Figures) -> Figures:
    """How much worse the candidate is, per metric, in the metric's unit; negative is better."""
    return {
        name: approved[name] - value if HIGHER_IS_BETTER[name] else value - approved[name]
        for name, value in candidate.items()
    }


def _sums(scored: Scored) -> Numbers:
    """Per row the addends that every metric is made of, so that a resample is only a sum."""
    error = scored.demand - scored.truth
    if scored.low is None or scored.high is None:
        inside = np.zeros_like(error)
    else:
        inside = ((scored.low <= scored.truth) & (scored.truth <= scored.high)).astype(np.float64)
    ones = np.ones_like(error)
    return np.stack([ones, scored.truth, scored.truth**2, error**2, abs(error), inside], axis=1)


def _figures(sums: Numbers, *, with_coverage: bool) -> Figures:
    rows, truth, truth_squared, error_squared, error_absolute, inside = map(float, sums)
    spread = truth_squared - truth**2 / rows
    found = {
        # Rows that are all alike have no variance to explain.
        "r2": 1 - error_squared / spread if spread > 0 else 0.0,
        "rmse": (error_squared / rows) ** 0.5,
        "mae": error_absolute / rows,
    }
    return found | {"interval_coverage": inside / rows} if with_coverage else found


def _resampled(sums: Numbers, clusters: Sequence[Hashable]) -> Numbers:
    numbers = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters))}
    per_cluster = np.zeros((len(numbers), sums.shape[1]))
    np.add.at(per_cluster, [numbers[cluster] for cluster in clusters], sums)
    generator = np.random.default_rng(SEED)
    uniform = np.full(len(numbers), 1 / len(numbers))
    times_drawn = generator.multinomial(len(numbers), uniform, size=RESAMPLES)
    return np.asarray(times_drawn @ per_cluster, dtype=np.float64)


def _percentile(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent))
