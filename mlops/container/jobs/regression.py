"""How good predicted numbers are: the metrics of a regression, with bootstrap bounds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from .resampling import Bounded, Figures, Mask, Numbers, bounded_sums

HIGHER_IS_BETTER = {
    "r2": True,
    "rmse": False,
    "mae": False,
    "wape": False,
    "interval_coverage": True,
}


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Labels beside the predictions for the same rows."""

    truth: Numbers
    predicted: Numbers
    low: Numbers | None = None
    high: Numbers | None = None

    def subset(self, mask: Mask) -> Scored:
        """The rows where the mask is true."""
        low, high = (None if end is None else end[mask] for end in (self.low, self.high))
        return Scored(truth=self.truth[mask], predicted=self.predicted[mask], low=low, high=high)


def figures(scored: Scored) -> Figures:
    """Every metric of these rows; a model without intervals has no coverage."""
    return _figures(_sums(scored).sum(axis=0), with_coverage=scored.low is not None)


def with_bounds(scored: Scored, clusters: Sequence[Hashable]) -> Bounded:
    """Every metric with its confidence interval; `clusters` are drawn whole."""
    known = scored.low is not None
    return bounded_sums(_sums(scored), clusters, partial(_figures, with_coverage=known))


def _sums(scored: Scored) -> Numbers:
    """Per row the addends that every metric is made of, so that a resample is only a sum."""
    error = scored.predicted - scored.truth
    if scored.low is None or scored.high is None:
        inside = np.zeros_like(error)
    else:
        inside = ((scored.low <= scored.truth) & (scored.truth <= scored.high)).astype(np.float64)
    truth = scored.truth
    addends = [np.ones_like(error), truth, truth**2, abs(truth), error**2, abs(error), inside]
    return np.stack(addends, axis=1)


def _figures(sums: Numbers, *, with_coverage: bool) -> Figures:
    rows, truth, truth_squared, truth_absolute, error_squared, error_absolute, inside = map(
        float, sums
    )
    spread = truth_squared - truth**2 / rows
    found = {
        # Rows that are all alike have no variance to explain.
        "r2": 1 - error_squared / spread if spread > 0 else 0.0,
        "rmse": (error_squared / rows) ** 0.5,
        "mae": error_absolute / rows,
        # Where every label is 0, an error is no share of anything.
        "wape": error_absolute / truth_absolute if truth_absolute > 0 else 0.0,
    }
    return found | {"interval_coverage": inside / rows} if with_coverage else found
