"""Which events were seen already, at eight bytes an event.

An id is known by 64 bits of a hash. Among ten million events the chance that any two different
ones are taken for one is below one in 100,000 (n^2 / 2^65).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from .arrays import Digests, Mask

_BYTES: Final = 8


def digests(events: Sequence[str]) -> Digests:
    """One number per id; equal ids have equal numbers on every machine."""
    joined = b"".join(
        hashlib.blake2b(event.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
        for event in events
    )
    return np.frombuffer(joined, dtype="<u8")


class SeenEvents:
    """The events of one stream so far.

    Sorted runs of falling size, like a log-structured store: a batch is looked up in each run, and
    runs of similar size become one. So a batch costs its own size times a logarithm, whatever was
    seen before.
    """

    def __init__(self) -> None:
        self._runs: list[Digests] = []

    def first_time(self, batch: Digests) -> Mask:
        """Which of these were not seen before, nor earlier in the batch; all are seen from now."""
        fresh = np.zeros(len(batch), dtype=np.bool_)
        fresh[np.unique(batch, return_index=True)[1]] = True
        for run in self._runs:
            fresh &= ~_within(run, batch)
        self._add(np.sort(batch[fresh]))
        return fresh

    def all(self) -> Digests:
        """Every event once, sorted."""
        return np.sort(np.concatenate([np.empty(0, dtype=np.uint64), *self._runs]))

    def _add(self, run: Digests) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        if len(run):
            self._runs.append(run)


def _within(run: Digests, batch: Digests) -> Mask:
    places = np.minimum(np.searchsorted(run, batch), len(run) - 1)
    found: Mask = run[places] == batch
    return found
