"""How good predicted classes and probabilities are."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy import stats

from .arrays import Floats, Ints, Mask
from .clusters import ClusteredCounts
from .intervals import Interval, bootstrap, share_interval, wilson
from .regression import per_request
from .truth import Scored

CALIBRATION_BINS: Final = 10
_LEAST_PROBABILITY: Final = 1e-15
"""Below this a wrong certainty would cost infinitely much."""
_Z: Final = 1.959963984540054


def classification_metrics(scored: Scored) -> dict[str, Interval]:
    """Every metric that these rows allow; those of probabilities only where all rows have one."""
    found = dict(_class_metrics(scored))
    if not np.isnan(scored.probability).any():
        found |= _probability_metrics(scored)
    return {name: interval for name, interval in found.items() if np.isfinite(interval.value)}


def _class_metrics(scored: Scored) -> Iterator[tuple[str, Interval]]:
    positive, predicted = scored.truth == 1, scored.prediction == 1
    everyone = np.ones_like(positive)
    for name, among, hit in (
        ("accuracy", everyone, positive == predicted),
        ("recall", positive, predicted),
        ("precision", predicted, positive),
    ):
        if among.any():
            yield name, share_interval(rate(hit[among], scored.requests[among]))
    counts = np.stack([positive & predicted, predicted, positive], axis=1).astype(np.float64)
    yield "f1", bootstrap(per_request(counts, scored.requests), _f1)[0]


def rate(hit: Mask, requests: Ints) -> ClusteredCounts:
    """Rows as two cells, the hits first."""
    return ClusteredCounts.of((~hit).astype(np.int64), requests, 2)


def _f1(sums: Floats) -> Floats:
    both, predicted, positive = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([2 * both / (predicted + positive)], axis=1)


def _probability_metrics(scored: Scored) -> dict[str, Interval]:
    probability = np.clip(scored.probability, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    truth = scored.truth
    likelihood = np.where(truth == 1, probability, 1 - probability)
    addends = [np.ones_like(truth), -np.log(likelihood), (scored.probability - truth) ** 2]
    place = np.minimum((scored.probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gap = scored.probability - truth
    addends += [np.where(place == bin_, gap, 0.0) for bin_ in range(CALIBRATION_BINS)]
    sums = per_request(np.stack(addends, axis=1), scored.requests)
    found = dict(
        zip(("log_loss", "brier", "calibration_error"), bootstrap(sums, _losses), strict=True)
    )
    if 0 < truth.sum() < len(truth):
        found["roc_auc"] = roc_auc(truth == 1, scored.probability, scored.requests)
    return found


def _losses(sums: Floats) -> Floats:
    """Means, and the expected calibration error over bins of equal width (Guo et al. 2017).

    That one is how far mean probability and frequency are apart in a bin. It is never negative, so
    a perfectly calibrated model's is above 0 too.
    """
    rows, losses, squares, *bins = sums.T
    gap = np.abs(np.stack(bins)).sum(axis=0)
    return np.stack([losses / rows, squares / rows, gap / rows], axis=1)


def roc_auc(positive: Mask, score: Floats, requests: Ints) -> Interval:
    """Area under the ROC curve, on the logit scale between bounds of DeLong et al. (1988).

    Each row's share in the area is summed by request first, so that rows of one request count as
    dependent (Obuchowski 1997).
    """
    high, low = score[positive], score[~positive]
    ranks = stats.rankdata(score)
    above = (ranks[positive] - stats.rankdata(high)) / len(low)
    below = 1 - (ranks[~positive] - stats.rankdata(low)) / len(high)
    area = float(above.mean())
    parts = np.empty(len(score))
    parts[positive] = (above - area) / len(high)
    parts[~positive] = (below - area) / len(low)
    by_request = per_request(parts[:, None], requests)[:, 0]
    clusters = len(by_request)
    if area in (0.0, 1.0) or clusters < 2:  # noqa: PLR2004  # one request has no variance
        # Perfect separation has no variance to see; the rarer class says how sure that is.
        few = min(len(high), len(low), clusters)
        return wilson(area * few, few)
    error = math.sqrt(float((by_request**2).sum()) * clusters / (clusters - 1))
    half = _Z * error / (area * (1 - area))
    return Interval(value=area, low=_logistic(area, -half), high=_logistic(area, half))


def _logistic(area: float, shift: float) -> float:
    return 1 / (1 + (1 - area) / area * math.exp(-shift))
