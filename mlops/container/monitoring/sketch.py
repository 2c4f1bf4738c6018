"""Quantiles in the form that Model Monitor stores and draws: a KLL sketch.

A KLL sketch is a list of levels; an item of level h stands for 2^h values (Karnin, Lang and
Liberty, FOCS 2016). Over a stream it must be chosen at random what is kept. All values are at hand
here, so each compaction keeps every second of the sorted ones: nothing is random, and no rank is
off by more than the sum of the levels' weights.
"""

from typing import Any, Final

import numpy as np

from .arrays import Floats

K: Final = 200
"""Most items of the highest level: ranks within some 0.5 %, some kilobytes a field."""
C: Final = 0.64
"""How capacities fall from level to level; Model Monitor's own value, stated for readers."""
BUCKETS: Final = 10


def levels(values: Floats, capacity: int = K) -> list[list[float]]:
    """The sketch's items, level by level; their weights add up to the number of values."""
    found: list[list[float]] = []
    rest = np.sort(values)
    while len(rest) > capacity:
        odd = len(rest) % 2
        # The item that has no partner stays behind with its own weight.
        found.append([float(item) for item in rest[:odd]])
        # Alternating sides keep the errors of the levels from adding up on one of them.
        rest = rest[odd + len(found) % 2 :: 2]
    found.append([float(item) for item in rest])
    return found


def kll(values: Floats) -> dict[str, Any]:
    """The `kll` object of statistics.json: ten buckets of equal width, and the sketch."""
    counts, edges = np.histogram(values, bins=BUCKETS)
    buckets = [
        {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    sketch = {"parameters": {"c": C, "k": float(K)}, "data": levels(values)}
    return {"buckets": buckets, "sketch": sketch}
