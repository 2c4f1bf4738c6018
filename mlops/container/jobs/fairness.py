"""Are groups of people treated alike? Rates per group, and the gaps between groups, with bounds.

`demographic_parity_gap`: the largest difference between two groups of the share that is predicted
positive. `equal_opportunity_gap`: the same among those whose label is positive, so the difference
of the true positive rates (Hardt, Price and Srebro, arXiv 1610.02413). Both are differences of the
largest and the smallest rate, so chance alone makes them positive, and their bounds sit a little
high: the more so, the more groups there are and the smaller they are.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .bodies import Value
from .classification import Scored
from .contract import Group
from .job import DataError
from .resampling import Bounded, Figures, Mask, Numbers, bounded, draws, numbered, per_cluster

RATES = {"demographic_parity_gap": "positive_rate", "equal_opportunity_gap": "true_positive_rate"}
"""Which rate each gap is a difference of."""

_ROWS, _POSITIVE, _DECIDED, _HITS = range(4)
_FRACTIONS = {
    "label_rate": (_POSITIVE, _ROWS),
    "positive_rate": (_DECIDED, _ROWS),
    "true_positive_rate": (_HITS, _POSITIVE),
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The groups of one field side by side."""

    gaps: Bounded
    """By metric and field, as gates name them: `equal_opportunity_gap_sex`."""
    groups: dict[str, dict[str, Any]]
    """By the group's name: how many rows, and the rates; those that are judged have bounds.

    A rate of nobody is None.
    """


def gaps(scored: Scored, values: Sequence[Value], group: Group) -> Figures:
    """The gaps between the groups of a field.

    Raises:
        DataError: fewer than two groups are large enough to be judged.
    """
    sums = _addends(scored, values, group).sum(axis=0)
    return _gaps(sums, _judged(sums, group), group.field)


def compare(
    scored: Scored, values: Sequence[Value], group: Group, clusters: Sequence[Hashable]
) -> Comparison:
    """The groups' rates and gaps with their confidence intervals; `clusters` are drawn whole.

    Raises:
        DataError: fewer than two groups are large enough to be judged.
    """
    addends = _addends(scored, values, group)
    sums = addends.sum(axis=0)
    judged = _judged(sums, group)
    grouped = per_cluster(addends, numbered(clusters))
    samples = [sample for times in draws(len(grouped)) for sample in times @ grouped]
    return Comparison(
        gaps=bounded(
            _gaps(sums, judged, group.field),
            [_gaps(sample, judged, group.field) for sample in samples],
        ),
        groups={
            name: _told(index, sums, samples, judged)
            for index, name in enumerate(group.names.values())
        },
    )


def _addends(scored: Scored, values: Sequence[Value], group: Group) -> Numbers:
    """Per row and group: a row, a positive label, a positive decision, both; a block each."""
    keys = np.array([Group.key(value) for value in values])
    member = np.stack([keys == key for key in group.names], axis=1).astype(np.float64)
    columns = (np.ones_like(scored.truth), scored.truth, scored.decided)
    blocks = [*columns, scored.truth * scored.decided]
    return np.concatenate([member * block[:, None] for block in blocks], axis=1)


def _judged(sums: Numbers, group: Group) -> dict[str, Mask]:
    """Per rate the groups that are large enough for it."""
    blocks = sums.reshape(4, -1)
    found = {rate: blocks[below] >= group.minimum_rows for rate, (_, below) in _FRACTIONS.items()}
    for metric, rate in RATES.items():
        if found[rate].sum() < 2:  # noqa: PLR2004 - a gap has two sides
            raise DataError(
                f"{metric}_{group.field}: fewer than two groups have {group.minimum_rows} rows; "
                "lower minimum_rows in model.yaml, or evaluate on more data"
            )
    return found


def _gaps(sums: Numbers, judged: dict[str, Mask], field: str) -> Figures:
    found = {}
    for metric, rate in RATES.items():
        rates = _rates(sums, rate)[judged[rate]]
        found[f"{metric}_{field}"] = float(rates.max() - rates.min())
    return found


def _rates(sums: Numbers, rate: str) -> Numbers:
    above, below = _FRACTIONS[rate]
    blocks = sums.reshape(4, -1)
    return np.asarray(blocks[above] / np.maximum(blocks[below], 1), dtype=np.float64)


def _told(
    index: int,
    sums: Numbers,
    samples: Sequence[Numbers],
    judged: dict[str, Mask],
) -> dict[str, Any]:
    blocks = sums.reshape(4, -1)
    found: dict[str, Any] = {"rows": int(blocks[_ROWS, index])}
    for rate, (_, below) in _FRACTIONS.items():
        value = float(_rates(sums, rate)[index])
        found[rate] = {"value": value if blocks[below, index] else None}
        if judged[rate][index]:
            sampled = [{rate: float(_rates(sample, rate)[index])} for sample in samples]
            found[rate] = bounded({rate: value}, sampled)[rate]
    return found
