"""How high demand is, and how every row is told at the newest height.

The system grows by about 60 % from 2011 to 2012, within days as well as over months, and no input
knows the year. Trees fitted on all rows answer with the average level of the past, which was left
behind; an input that counts the days would not help, as trees do not extrapolate. Fitting on the
last weeks alone would forget the seasons. So the level is measured apart from everything else, each
label is told at the level of the last day, and the usual model is fitted on that.

The level of a day is the ratio of what was rented to what an auxiliary model expected, averaged
over the days around it. The auxiliary model has all inputs but the day of the year, so that it
cannot explain growth as season; what weather and calendar explain is no growth. The ratio is taken
on validation rows, which the auxiliary model has not seen: on its own training rows it would be
nearer to 1 than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from jobs.contract import Row
from jobs.resampling import Numbers

WIDTH_DAYS = 28.0
"""Standard deviation of the Gaussian weights: a month around a day says how high demand is."""
MINIMUM_ROWS = 30
"""Weighted rows around a day below which its level is unknown; an ordinary day has 170, the last
one half of them."""
BOUNDS = (1 / 3, 3.0)
"""No step from a row's level to the newest one is larger; beyond it the data is broken."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """What was observed and expected, day by day."""

    days: Numbers
    """As ordinals."""
    observed: Numbers
    expected: Numbers

    @classmethod
    def measured(cls, rows: Sequence[Row], observed: Numbers, expected: Numbers) -> Level:
        """The level over rows that the expectation was not fitted on."""
        return cls(days=_ordinals(rows), observed=observed, expected=np.maximum(expected, 1.0))

    def on(self, days: Numbers) -> Numbers:
        """Observed as a share of expected around each of the days; NaN where too few rows tell."""
        known, places = np.unique(days, return_inverse=True)
        distance = (known[:, None] - self.days[None, :]) / WIDTH_DAYS
        weights = np.exp(-0.5 * distance**2)
        with np.errstate(invalid="ignore"):
            ratio = (weights @ self.observed) / (weights @ self.expected)
        told = np.where((weights.sum(axis=1) >= MINIMUM_ROWS) & (ratio > 0), ratio, np.nan)
        return told[places]

    def factors(self, rows: Sequence[Row]) -> Numbers:
        """By what each row's label is multiplied to stand at the level of the last known day.

        A label stays as it is where its own level or the last one is unknown.
        """
        if not len(self.days):
            return np.ones(len(rows))
        steps = self.on(self.days.max(keepdims=True)) / self.on(_ordinals(rows))
        return np.clip(np.nan_to_num(steps, nan=1.0), *BOUNDS)


def _ordinals(rows: Sequence[Row]) -> Numbers:
    return np.array([date.fromisoformat(str(row["date"])).toordinal() for row in rows], float)
