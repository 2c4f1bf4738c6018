"""Counts of rows that came in requests, and how much less they say than independent rows would.

Rows of one request are alike: the hours of one day, the customers of one shop. A count of them
varies more than a binomial one, by a factor that survey statistics calls the design effect. It is
estimated from sums over requests, so that it merges like the counts themselves, and counts are
divided by it before they are compared (Fellegi, JASA 1980; Rao and Scott, JASA 1981, first order).
"""

from dataclasses import dataclass

import numpy as np

from .arrays import Ints, Mask


@dataclass(frozen=True, kw_only=True)
class ClusteredCounts:
    """How many rows fell into each cell, with the sums over requests that their variance needs.

    With n rows in a request, n_b of them in cell b, and all sums over requests:
    """

    counts: Ints
    """Sum of n_b."""
    squares: Ints
    """Sum of n_b^2."""
    crosses: Ints
    """Sum of n_b n."""
    total_squares: int
    """Sum of n^2."""
    requests: int
    """Requests with at least one row."""

    @classmethod
    def of(cls, cells: Ints, requests: Ints, size: int) -> "ClusteredCounts":
        """Count rows by cell; `requests` names the request of each."""
        counts = np.bincount(cells, minlength=size).astype(np.int64)
        if bool((np.diff(requests) > 0).all()):
            # Every row came alone, as most do: its sums are the counts themselves.
            return cls.alone(counts)
        _, member, per_request = np.unique(requests, return_inverse=True, return_counts=True)
        pairs, shared = np.unique(member * size + cells, return_counts=True)
        squares, crosses = np.zeros((2, size), dtype=np.int64)
        np.add.at(squares, pairs % size, shared**2)
        np.add.at(crosses, pairs % size, shared * per_request[pairs // size])
        return cls(
            counts=counts,
            squares=squares,
            crosses=crosses,
            total_squares=int((per_request**2).sum()),
            requests=len(per_request),
        )

    @classmethod
    def alone(cls, counts: Ints) -> "ClusteredCounts":
        """Rows of which every one came alone."""
        rows = int(counts.sum())
        return cls(counts=counts, squares=counts, crosses=counts, total_squares=rows, requests=rows)

    def merged(self, other: "ClusteredCounts") -> "ClusteredCounts":
        """The counts of both; no request may lie in both."""
        return ClusteredCounts(
            counts=self.counts + other.counts,
            squares=self.squares + other.squares,
            crosses=self.crosses + other.crosses,
            total_squares=self.total_squares + other.total_squares,
            requests=self.requests + other.requests,
        )

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.counts.sum())

    @property
    def design_effect(self) -> float:
        """How many rows say as much as one independent row; never below 1.

        Where all rows lie in one cell nothing tells how alike they are. Then the rows of a request
        count as copies of each other.
        """
        if self.rows in (0, self.total_squares):
            return 1.0
        if self.requests == 1:
            return float(self.rows)
        seen = self.counts > 0
        if int(seen.sum()) == 1:
            return self.total_squares / self.rows
        return max(1.0, self._mean_effect(seen))

    def _mean_effect(self, seen: Mask) -> float:
        """Rao and Scott's mean over the cells, weighted by what each adds to chi-squared."""
        counts = self.counts[seen].astype(np.float64)
        shares = counts / self.rows
        spread = (
            self.squares[seen]
            - 2 * shares * self.crosses[seen]
            + shares**2 * float(self.total_squares)
        )
        few = self.requests / (self.requests - 1)
        return float((spread / counts).sum() / (len(counts) - 1) * few)

    @property
    def effective_rows(self) -> float:
        """Independent rows that would say as much."""
        return self.rows / self.design_effect

    def cell(self, place: int) -> "ClusteredCounts":
        """The same rows as two cells: in that one, or not."""
        inside, squares, crosses = self.counts[place], self.squares[place], self.crosses[place]
        rest = self.total_squares - 2 * crosses + squares
        return ClusteredCounts(
            counts=np.array([inside, self.rows - inside], dtype=np.int64),
            squares=np.array([squares, rest], dtype=np.int64),
            crosses=np.array([crosses, self.total_squares - crosses], dtype=np.int64),
            total_squares=self.total_squares,
            requests=self.requests,
        )
