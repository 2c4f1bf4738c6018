"""The chance that one data point breaches, where the number of requests behind it is random.

Requests of callers come at random: their number in a period is a Poisson count, or a wider one
where the rate itself varies from minute to minute. The prober sends a fixed number, and the share
decides by chance which of them the new fleet answers. The bad requests of a Poisson stream and its
good ones are independent Poisson counts (splitting; Kingman, "Poisson Processes", 1993, section
5.1), so a data point needs no sum over the number of requests: with so many bad ones it breaches if
there are few enough good ones.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mlops.rollout.samples import percentile
from mlops.rollout.signals import Signal

_TAIL_DEVIATIONS: Final = 8
"""Beyond so many standard deviations of a count nothing is left that a figure could show."""
_SPARE_COUNTS: Final = 30
"""The same for small counts, whose tails are longer than a normal one's."""
_FEW_PROBES: Final = 200
"""Of more the count is treated as of callers' requests, with the variance that it has."""
_MANY: Final = 100
"""Counts from here on have a normal one's tails, as far as a figure could show."""
_RATES: Final = 33
"""Rates that stand for a varying one; the trapezoidal sum over their logarithms converges fast."""
_DECAY: Final = 12.0
"""Logarithm by which the density has fallen where they end."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """Requests that a fleet is expected to answer in one period."""

    callers: float = 0.0
    probes: float = 0.0
    certain: float = 0.0
    """By how much the probes' number varies less than a Poisson count: 0 to all of them."""

    @classmethod
    def of(cls, *, callers: float, probes: float, share: float) -> "Load":
        """What a share of so many requests of each kind comes to."""
        # Of n probes a share s is binomial, and its variance n s (1 - s) is n s - n s s.
        return cls(callers=callers * share, probes=probes * share, certain=probes * share * share)

    @property
    def share(self) -> float:
        """Chance of a probe to meet the fleet; where it changed on the way, about that."""
        return self.certain / self.probes

    @property
    def is_of_few_probes(self) -> bool:
        """Whether it is probes alone, and so few that each of their numbers shows in a ratio."""
        if self.callers or not self.probes:
            return False
        return self.probes / self.share <= _FEW_PROBES

    def __add__(self, other: "Load") -> "Load":
        return Load(
            callers=self.callers + other.callers,
            probes=self.probes + other.probes,
            certain=self.certain + other.certain,
        )


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """How requests and errors come, beside their mean numbers."""

    rate_variation: float = 0.0
    """Standard deviation of the callers' rate from minute to minute, as a part of its mean."""
    errors_together: int = 1
    """Errors that come at once: with 5, a fifth as many moments have five errors each."""


@dataclass(frozen=True, kw_only=True)
class DataPoint:
    """Chances of what becomes of a period; what is left is a point that does not breach."""

    breach: float
    silence: float
    """That there is no request, and so no data point."""


@lru_cache(maxsize=65_536)
def data_point(
    signal: Signal, load: Load, *, bad: float, arrivals: Arrivals, minutes: float
) -> DataPoint:
    """What becomes of a period of so many minutes, if each request is bad with a probability.

    Raises:
        ValueError: the signal's statistic has no model here.
    """
    together = arrivals.errors_together if signal.unit == "None" else 1
    if load.is_of_few_probes and together == 1:
        return _of_probes(signal, load, bad)
    breach = silence = 0.0
    for factor, weight in _rates(arrivals.rate_variation, minutes):
        requests = load.callers * factor + load.probes
        certain = min(load.certain * (1 - bad) ** 2, requests * (1 - bad))
        counts = _Counts(
            moments=requests * bad / together,
            together=together,
            good=requests * (1 - bad),
            certain=math.floor(certain),
        )
        breach += weight * counts.breach(signal)
        silence += weight * counts.silence
    return DataPoint(breach=min(1.0, breach), silence=silence)


def _of_probes(signal: Signal, load: Load, bad: float) -> DataPoint:
    """The same where nobody calls: of a known number of probes, the share and the bad are drawn.

    A part of a period has a part of its probes; of a broken number both neighbours count.
    """
    sent = load.probes / load.share
    low, part = math.floor(sent), sent - math.floor(sent)
    points = [_of_so_many(signal, number, load.share, bad) for number in (low, low + 1)]
    return DataPoint(
        breach=(1 - part) * points[0].breach + part * points[1].breach,
        silence=(1 - part) * points[0].silence + part * points[1].silence,
    )


def _of_so_many(signal: Signal, sent: int, share: float, bad: float) -> DataPoint:
    most, wrong = most_good(signal), share * bad
    # Of the probes that are not bad ones of this fleet, so many are good ones of it.
    good = min(1.0, share * (1 - bad) / (1 - wrong)) if wrong < 1 else 0.0
    breach = math.fsum(
        chance * _at_most(most(number), sent - number, good)
        for number, chance in enumerate(_binomial(sent, wrong))
        if number and chance
    )
    return DataPoint(breach=min(1.0, breach), silence=(1 - share) ** sent)


def _at_most(count: float, trials: int, chance: float) -> float:
    """P(X <= count) of a binomial count."""
    if count >= trials:
        return 1.0
    return math.fsum(_binomial(trials, chance)[: int(count) + 1]) if count >= 0 else 0.0


@lru_cache(maxsize=4096)
def _binomial(trials: int, chance: float) -> tuple[float, ...]:
    return tuple(
        math.comb(trials, number) * chance**number * (1 - chance) ** (trials - number)
        for number in range(trials + 1)
    )


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """Bad requests, so many together, and good ones, of which some are certain to come."""

    moments: float
    together: int
    good: float
    certain: int

    @property
    def silence(self) -> float:
        return 0.0 if self.certain else math.exp(-self.moments - self.good)

    def breach(self, signal: Signal) -> float:
        """The sum over the moments with errors of the chance that few enough others came."""
        certainty = self._certainty(signal)
        if certainty is not None:
            return certainty
        few, most = _Poisson.of(self.good - self.certain), most_good(signal)
        return math.fsum(
            chance * few.at_most(most(moment * self.together) - self.certain)
            for moment, chance in _Poisson.of(self.moments).chances()
            if moment
        )

    def _certainty(self, signal: Signal) -> float | None:
        """0 or 1 where the threshold is out of reach of many requests' chance; else None."""
        share = percentile(signal.statistic)
        threshold = signal.threshold if share is None else float(1 - share)
        bad = self.moments * self.together
        beyond = bad * (1 - threshold) - self.good * threshold
        variance = bad * self.together * (1 - threshold) ** 2 + self.good * threshold**2
        if self.moments < _MANY or abs(beyond) < _TAIL_DEVIATIONS * math.sqrt(variance):
            return None
        return float(beyond > 0)


@dataclass(frozen=True)
class _Poisson:
    """A Poisson count, as far as it is not negligible."""

    first: int
    masses: tuple[float, ...]
    sums: tuple[float, ...]

    @classmethod
    def of(cls, mean: float) -> "_Poisson":
        return _poisson(mean)

    def chances(self) -> Iterator[tuple[int, float]]:
        return enumerate(self.masses, self.first)

    def at_most(self, count: float) -> float:
        """P(X <= count)."""
        if count < self.first:
            return 0.0
        return self.sums[int(min(count - self.first, len(self.sums) - 1))]


@lru_cache(maxsize=1024)
def _poisson(mean: float) -> _Poisson:
    if mean <= 0:
        return _Poisson(0, (1.0,), (1.0,))
    reach = _TAIL_DEVIATIONS * math.sqrt(mean) + _SPARE_COUNTS
    first, last = max(0, math.floor(mean - reach)), math.ceil(mean + reach)
    mass = math.exp(first * math.log(mean) - mean - math.lgamma(first + 1))
    masses, sums, total = [], [], 0.0
    for count in range(first, last + 1):
        total += mass
        masses.append(mass)
        sums.append(min(1.0, total))
        mass *= mean / (count + 1)
    return _Poisson(first, tuple(masses), tuple(sums))


def most_good(signal: Signal) -> Callable[[int], float]:
    """The most good requests beside which so many bad ones still breach; infinite if any.

    Raises:
        ValueError: the signal's statistic has no model here.
    """
    share, threshold = percentile(signal.statistic), signal.threshold
    if share is not None and share < 1:
        # The nearest rank of n is bad if fewer than `share * n` are good.
        over, under = share.numerator, share.denominator - share.numerator
        return lambda bad: -(-over * bad // under) - 1
    if share is None and signal.statistic != "Average":
        raise ValueError(f"{signal.key}: no detection power for {signal.statistic}")
    if share is not None or not threshold:
        return lambda _: math.inf
    return lambda bad: _beside(bad, threshold)


def _beside(bad: int, threshold: float) -> int:
    """The most good requests with which a ratio is above its threshold.

    A point is compared as a quotient of floats; rounding in the product must not shift the count.
    """
    good = math.floor(bad / threshold) - bad + 1
    while good > 0 and bad / (bad + good) <= threshold:
        good -= 1
    return good


@lru_cache(maxsize=64)
def _rates(variation: float, minutes: float) -> tuple[tuple[float, float], ...]:
    """Factors of a varying rate and their weights: a gamma distribution around 1.

    Each minute has a rate of its own, so a period of several varies less.
    """
    if not variation:
        return ((1.0, 1.0),)
    shape = minutes / variation**2
    normal, skewed = math.sqrt(2 * _DECAY / shape), _DECAY / shape
    low, high = -normal - skewed, math.log1p(normal + skewed)
    steps = [low + (high - low) * number / (_RATES - 1) for number in range(_RATES)]
    # The density of the logarithm y of a gamma variable, up to a constant.
    heights = [shape * (y - math.expm1(y)) for y in steps]
    weights = [math.exp(height - max(heights)) for height in heights]
    mean = math.fsum(w * math.exp(y) for w, y in zip(weights, steps, strict=True))
    total = math.fsum(weights)
    return tuple(
        (math.exp(y) * total / mean, w / total) for w, y in zip(weights, steps, strict=True)
    )
