"""How good predicted numbers are."""

import numpy as np

from .arrays import Floats, Ints
from .intervals import Interval, bootstrap
from .truth import Scored

NAMES = ("rmse", "mae", "wape", "mean_error", "r2", "interval_coverage")


def regression_metrics(scored: Scored) -> dict[str, Interval]:
    """Every metric that these rows allow; positive mean errors are predictions too high."""
    # R2 does not depend on where labels are measured from; near their mean no digit is lost.
    truth = scored.truth - scored.truth.mean()
    error = scored.prediction - scored.truth
    inside = (scored.low <= scored.truth) & (scored.truth <= scored.high)
    addends = np.stack(
        [
            np.ones_like(error),
            truth,
            truth**2,
            error,
            error**2,
            np.abs(error),
            np.abs(scored.truth),
            inside,
        ],
        axis=1,
    )
    found = dict(
        zip(NAMES, bootstrap(per_request(addends, scored.requests), _figures), strict=True)
    )
    if np.isnan(scored.low).any() or np.isnan(scored.high).any():
        del found["interval_coverage"]
    return {name: interval for name, interval in found.items() if np.isfinite(interval.value)}


def per_request(addends: Floats, requests: Ints) -> Floats:
    """The sums of each request's rows."""
    _, member = np.unique(requests, return_inverse=True)
    sums = np.zeros((int(member.max()) + 1, addends.shape[1]))
    np.add.at(sums, member, addends)
    return sums


def _figures(sums: Floats) -> Floats:
    rows, truth, squared_truth, error, squared_error, absolute_error, size, inside = sums.T
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.stack(
            [
                np.sqrt(squared_error / rows),
                absolute_error / rows,
                absolute_error / size,
                error / rows,
                1 - squared_error / (squared_truth - truth**2 / rows),
                inside / rows,
            ],
            axis=1,
        )
