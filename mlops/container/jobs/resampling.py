"""How sure we may be of a figure: the bootstrap over whole clusters.

Clusters are drawn, not rows: hours of a day err together, people of a household are alike, and
drawing them one by one would claim more certainty than there is. (Davison and Hinkley, "Bootstrap
Methods and their Application", Cambridge 1997, section 3.8; the bounds are percentiles.)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
Mask: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
Indices: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Figures = dict[str, float]
Bounded = dict[str, Figures]

CONFIDENCE = 0.95
RESAMPLES = 1000
SEED = 2011
BLOCK_CELLS = 2_000_000  # 16 MB


def numbered(clusters: Sequence[Hashable]) -> Indices:
    """Each row's cluster as a number from 0, in order of appearance."""
    numbers = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters))}
    return np.array([numbers[cluster] for cluster in clusters], dtype=np.int64)


def draws(clusters: int) -> Iterator[Numbers]:
    """How often each cluster was drawn, a line per resample; always the same ones.

    The lines come in blocks, because a block is weighed in one multiplication of matrices.
    """
    generator = np.random.default_rng(SEED)
    block = max(1, min(RESAMPLES, BLOCK_CELLS // clusters))
    for start in range(0, RESAMPLES, block):
        lines = min(block, RESAMPLES - start)
        drawn = generator.integers(0, clusters, size=(lines, clusters))
        drawn += np.arange(lines)[:, None] * clusters
        times = np.bincount(drawn.ravel(), minlength=lines * clusters)
        yield times.reshape(lines, clusters).astype(np.float64)


def bounded_sums(
    addends: Numbers, clusters: Sequence[Hashable], figures: Callable[[Numbers], Figures]
) -> Bounded:
    """Figures that follow from the rows' sums, with their bounds.

    `addends` has a line per row; a resample is then no more than a weighted sum of clusters.
    """
    grouped = per_cluster(addends, numbered(clusters))
    samples = [figures(sums) for times in draws(len(grouped)) for sums in times @ grouped]
    return bounded(figures(addends.sum(axis=0)), samples)


def per_cluster(addends: Numbers, numbers: Indices) -> Numbers:
    """The sums of the rows of each numbered cluster."""
    sums = np.zeros((numbers.max() + 1, addends.shape[1]))
    np.add.at(sums, numbers, addends)
    return sums


def bounded(values: Mapping[str, float], samples: Sequence[Mapping[str, float]]) -> Bounded:
    """Each value between the percentiles of its resampled ones."""
    tail = 100 * (1 - CONFIDENCE) / 2
    return {
        name: {
            "value": value,
            "low": float(np.percentile([sample[name] for sample in samples], tail)),
            "high": float(np.percentile([sample[name] for sample in samples], 100 - tail)),
        }
        for name, value in values.items()
    }
