"""What an evaluation measures: the names that gates may use, and which way each of them points."""

import math
from typing import Final, Literal

ProblemType = Literal["regression", "binary-classification"]

RANGES: Final[dict[str, tuple[float, float]]] = {
    "r2": (-math.inf, 1),
    "rmse": (0, math.inf),
    "mae": (0, math.inf),
    "wape": (0, math.inf),
    "log_loss": (0, math.inf),
}
"""Where a metric's value can lie; all others are shares between 0 and 1."""
BETTER: Final[dict[str, Literal["at_least", "at_most"]]] = {
    "r2": "at_least",
    "rmse": "at_most",
    "mae": "at_most",
    "wape": "at_most",
    "log_loss": "at_most",
    "brier": "at_most",
    "calibration_error": "at_most",
    "accuracy": "at_least",
    "roc_auc": "at_least",
    "f1": "at_least",
    "recall": "at_least",
    "precision": "at_least",
}
"""Which side is better; the coverage of an interval can be wrong on both, so it is not here."""
METRICS: dict[str, tuple[str, ...]] = {
    "regression": ("r2", "rmse", "mae", "wape", "interval_coverage"),
    "binary-classification": (
        "accuracy",
        "roc_auc",
        "log_loss",
        "brier",
        "calibration_error",
        "f1",
        "recall",
        "precision",
    ),
}
"""Metric names that an evaluation of each problem type reports and that gates may name.

`wape` is the sum of the absolute errors as a share of the sum of the absolute labels: unlike rmse
and mae it means the same when everything grows.
"""
GROUP_METRICS: Final = ("demographic_parity_gap", "equal_opportunity_gap")
"""Metrics of every declared division into groups; each carries the field's name at its end.

The largest difference between two groups: of the share that is predicted positive, and of that
share among those whose label is positive (Hardt, Price and Srebro, arXiv 1610.02413). Less is
better.
"""
