"""Mean, variance and extremes that merge without going back to the values."""

import math
from dataclasses import dataclass

import numpy as np

from .arrays import Floats


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Of finite numbers; merged by the parallel formula of Chan, Golub and LeVeque (1979).

    The squares are of deviations from the mean, never of the values: a difference of two large sums
    would lose every digit of a small variance.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    """Sum of squared deviations from the mean."""
    low: float = math.inf
    high: float = -math.inf

    @classmethod
    def of(cls, values: Floats) -> "Moments":
        """The moments of some values, in two passes."""
        if not len(values):
            return cls()
        low, high = float(values.min()), float(values.max())
        # A sum of huge values is infinite; neither that nor its square may end an analysis.
        with np.errstate(over="ignore"):
            # Rounding may put a mean of equal values beside them.
            mean = min(max(float(values.mean()), low), high)
            squares = float(((values - mean) ** 2).sum())
        return cls(
            count=len(values),
            mean=mean,
            squares=squares,
            low=low,
            high=high,
        )

    def merged(self, other: "Moments") -> "Moments":
        """The moments of both."""
        count = self.count + other.count
        if not count:
            return self
        difference = other.mean - self.mean
        # Not `**`, which raises where a product is infinite.
        square = difference * difference
        return Moments(
            count=count,
            mean=self.mean + difference * other.count / count,
            squares=self.squares + other.squares + square * self.count * other.count / count,
            low=min(self.low, other.low),
            high=max(self.high, other.high),
        )

    @property
    def variance(self) -> float:
        """Of the values as a whole population, as Model Monitor's `std_dev` has it."""
        return self.squares / self.count if self.count else 0.0

    @property
    def deviation(self) -> float:
        """Standard deviation."""
        return math.sqrt(self.variance)
