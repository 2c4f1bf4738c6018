"""How good predicted probabilities are: the metrics of a classification in two, with bounds.

`calibration_error` is the expected calibration error over BINS bins of equal width (Naeini, Cooper
and Hauskrecht, AAAI 2015; 15 bins as Guo et al., arXiv 1706.04599): how far the mean prediction of
a bin is from the share of positives in it, weighted by rows. It is never below its noise, about
0.005 for ten thousand rows. `brier` is the mean squared error of the probability (Brier, 1950).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from .resampling import (
    Bounded,
    Figures,
    Indices,
    Mask,
    Numbers,
    bounded,
    draws,
    numbered,
    per_cluster,
)

HIGHER_IS_BETTER = {
    "accuracy": True,
    "roc_auc": True,
    "log_loss": False,
    "brier": False,
    "calibration_error": False,
    "f1": True,
    "recall": True,
    "precision": True,
}
BINS = 15
_SMALLEST = 1e-15  # a probability of 0 that is wrong costs much and not everything


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Labels (0 or 1) beside the probabilities and the decisions for the same rows."""

    truth: Numbers
    probability: Numbers
    decided: Numbers

    def subset(self, mask: Mask) -> Scored:
        """The rows where the mask is true."""
        return Scored(
            truth=self.truth[mask],
            probability=self.probability[mask],
            decided=self.decided[mask],
        )


def figures(scored: Scored) -> Figures:
    """Every metric of these rows."""
    area = _Ranking.of(scored).area(np.ones(len(scored.truth)))
    return _figures(_sums(scored).sum(axis=0), area)


def with_bounds(scored: Scored, clusters: Sequence[Hashable]) -> Bounded:
    """Every metric with its confidence interval; `clusters` are drawn whole."""
    numbers, ranking = numbered(clusters), _Ranking.of(scored)
    sums = per_cluster(_sums(scored), numbers)
    samples = [
        _figures(resampled, ranking.area(weights[numbers]))
        for times in draws(len(sums))
        for weights, resampled in zip(times, times @ sums, strict=True)
    ]
    return bounded(figures(scored), samples)


@dataclass(frozen=True, kw_only=True)
class _Ranking:
    """Rows by the level of their probability, so that ties count half."""

    level: Indices
    truth: Numbers

    @classmethod
    def of(cls, scored: Scored) -> _Ranking:
        _, level = np.unique(scored.probability, return_inverse=True)
        return cls(level=level, truth=scored.truth)

    def area(self, weights: Numbers) -> float:
        """The area under the ROC curve: how often a positive row ranks above a negative one.

        Rows of one class have nothing to rank: 0.5.
        """
        positive = np.bincount(self.level, weights * self.truth)
        negative = np.bincount(self.level, weights * (1 - self.truth))
        pairs = positive.sum() * negative.sum()
        below = np.cumsum(negative) - negative / 2
        return float(positive @ below / pairs) if pairs else 0.5


def _sums(scored: Scored) -> Numbers:
    """Per row the addends of every metric but the ranking's."""
    truth, probability, decided = scored.truth, scored.probability, scored.decided
    likelihood = np.where(truth == 1, probability, 1 - probability)
    columns = [
        np.ones_like(truth),
        truth,
        decided,
        truth * decided,
        (truth == decided).astype(np.float64),
        -np.log(np.maximum(likelihood, _SMALLEST)),
        (truth - probability) ** 2,
    ]
    bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    beyond = np.zeros((len(truth), BINS))
    beyond[np.arange(len(truth)), bins] = truth - probability
    return np.column_stack([*columns, beyond])


def _figures(sums: Numbers, area: float) -> Figures:
    rows, positive, decided, hits, right, log_loss, squared = map(float, sums[:7])
    return {
        "accuracy": right / rows,
        "roc_auc": area,
        "log_loss": log_loss / rows,
        "brier": squared / rows,
        "calibration_error": float(np.abs(sums[7:]).sum()) / rows,
        # Without a positive label or decision there is nothing to find or to be right about: 0.
        "f1": 2 * hits / (positive + decided) if positive + decided else 0.0,
        "recall": hits / positive if positive else 0.0,
        "precision": hits / decided if decided else 0.0,
    }
