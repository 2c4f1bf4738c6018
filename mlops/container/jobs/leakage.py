"""Does any input give the label away? A good score from such data would be worth nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

LIMIT = 0.98
"""Share of the label's variance that one honest input never explains."""
JOINT_LIMIT = 0.999
"""Share that a plain sum of inputs never explains; the parts of a count explain all of it."""


def suspicions(inputs: pd.DataFrame, label: pd.Series) -> Iterator[tuple[str, list[str]]]:
    """Per kind of leakage its name and what looks wrong."""
    numeric = inputs.select_dtypes(include=["number", "bool"]).astype(float)
    yield "rank correlation", _over_limit(_rank_correlations(numeric, label))
    yield "dependence on one input", _over_limit(_explained_by_groups(inputs, label))
    share = _explained_by_sum(numeric, label)
    told = f"a sum of the numeric inputs explains {share:.2%} of the label"
    yield "sum of inputs", [told] if share > JOINT_LIMIT else []


def _over_limit(shares: dict[str, float]) -> list[str]:
    return [
        f"{name} explains {share:.2%} of the label, allowed: {LIMIT:.0%}"
        for name, share in shares.items()
        if share > LIMIT
    ]


def _rank_correlations(numeric: pd.DataFrame, label: pd.Series) -> dict[str, float]:
    ranks, label_ranks = numeric.rank(), label.rank()
    varying = [name for name in ranks if ranks[name].nunique() > 1]
    return {str(name): float(ranks[name].corr(label_ranks)) ** 2 for name in varying}


def _explained_by_groups(inputs: pd.DataFrame, label: pd.Series) -> dict[str, float]:
    """Variance between the groups of equal values over all variance; groups of one say nothing."""
    found = {}
    for name in inputs:
        groups = label.groupby(inputs[name])
        repeated = groups.transform("size") > 1
        values, means = label[repeated], groups.transform("mean")[repeated]
        spread = float(((values - values.mean()) ** 2).sum())
        if spread > 0:
            found[str(name)] = 1 - float(((values - means) ** 2).sum()) / spread
    return found


def _explained_by_sum(numeric: pd.DataFrame, label: pd.Series) -> float:
    known = numeric.fillna(numeric.median()).fillna(0.0)
    design = np.column_stack([np.ones(len(known)), known.to_numpy()])
    weights, *_ = np.linalg.lstsq(design, label.to_numpy(), rcond=None)
    residual = label.to_numpy() - design @ weights
    spread = float(((label - label.mean()) ** 2).sum())
    return 1 - float(residual @ residual) / spread if spread > 0 else 1.0
