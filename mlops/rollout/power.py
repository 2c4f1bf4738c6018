"""The chance that a rollback signal catches a bad version in time, and the price until it does.

Exact under stated assumptions: requests come at a constant rate, each is bad independently with one
probability, and they spread over both fleets by the share. The number of bad requests behind a data
point is then binomial, and M of the last N periods is a Markov chain over their outcomes. Where
reality is unknown the model errs against us: partial periods are dropped, rates are rounded down,
the slowest publication is assumed.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mlops.rollout.policy import LIMITS, AlarmWindow
from mlops.rollout.samples import minimum_samples, percentile
from mlops.rollout.signals import Signal


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A share of the traffic, 0 to 1, on the new fleet for some seconds."""

    share: float
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What the new fleet is given: the endpoint's traffic, and the shares in their order."""

    requests_per_minute: float
    shifts: tuple[Shift, ...]
    instances: int | None = None
    """Size of a fleet, where the harm of a share counts in whole instances."""
    settle_periods: int = LIMITS.settle_periods
    """Periods from a data point's end to the alarm's verdict about it."""

    @property
    def seconds(self) -> int:
        """How long the shifts take."""
        return sum(shift.seconds for shift in self.shifts)

    def share_at(self, second: float) -> float:
        """The share at a moment; nothing once the shifts are over."""
        for shift in self.shifts:
            if second < shift.seconds:
                return shift.share
            second -= shift.seconds
        return 0.0

    def requests_until(self, second: float) -> float:
        """Requests that the new fleet has answered by then, at most.

        How SageMaker rounds a percentage to instances is not documented, so harm is counted with
        the share of whole instances, and detection with the smaller one that was asked for.
        """
        total = 0.0
        for shift in self.shifts:
            spent = min(max(0.0, second), shift.seconds)
            total += spent / 60 * self.requests_per_minute * self._whole_share(shift.share)
            second -= shift.seconds
        return total

    def _whole_share(self, share: float) -> float:
        if self.instances is None:
            return share
        return math.ceil(round(share * self.instances, 9)) / self.instances


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Probability that a request is bad for a signal: an error, or slower than its threshold."""

    old: float
    new: float


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How one signal behaves while the new version takes over."""

    probability: float
    """That the alarm rolls back before the last shift ends."""
    expected_seconds: float
    """From the first shift to the rollback, given that it comes; infinite if it cannot."""
    expected_harmed: float
    """Bad requests that the new version answers until the rollback or the last shift's end."""


def detection(signal: Signal, exposure: Exposure, risk: Risk) -> Detection:
    """What a signal does against a version of the given risk."""
    period = signal.window.period_seconds
    first = _first_alarms(_breach_probabilities(signal, exposure, risk), signal.window)
    moments = [(n + exposure.settle_periods) * period for n in range(1, len(first) + 1)]
    caught = min(1.0, math.fsum(first))
    time = math.fsum(p * moment for p, moment in zip(first, moments, strict=True))
    harmed = math.fsum(
        p * exposure.requests_until(moment) for p, moment in zip(first, moments, strict=True)
    ) + (1 - caught) * exposure.requests_until(exposure.seconds)
    return Detection(
        probability=caught,
        expected_seconds=time / caught if caught else math.inf,
        expected_harmed=harmed * risk.new,
    )


def best_of(detections: Sequence[Detection]) -> Detection:
    """Several signals that watch the same version, without any assumption of independence.

    One request often trips two signals at once, so the chance that any fires is at least that of
    the best alone, and no more is claimed. Time and harm are that signal's too: upper bounds.
    """
    return max(detections, key=lambda found: (found.probability, -found.expected_seconds))


def any_of(detections: Sequence[Detection]) -> float:
    """The highest chance that any of several signals fires, however they depend on each other.

    For false alarms the sum is the careful side, as the maximum is for detection.
    """
    return min(1.0, math.fsum(found.probability for found in detections))


def breach_probability(signal: Signal, requests: int, bad: float) -> float:
    """Probability that the data point of so many requests breaches, if each is bad with `bad`."""
    if not signal.evaluate_low_samples:
        seen = requests * signal.window.evaluation_periods
        if seen < minimum_samples(signal.statistic):
            return 0.0
    return _binomial_tail(requests, _bad_requests_to_breach(signal, requests), bad)


def _bad_requests_to_breach(signal: Signal, requests: int) -> int:
    share = percentile(signal.statistic)
    if share is not None:
        # The value at the nearest rank exceeds the threshold if all from that rank up do.
        return requests - max(1, math.ceil(share * requests)) + 1
    if signal.statistic != "Average":
        raise ValueError(f"{signal.key}: no detection power for {signal.statistic}")
    # A point is compared as a quotient of floats; rounding in the product must not shift the count.
    near = max(0, math.floor(signal.threshold * requests) - 1)
    return next(bad for bad in range(near, near + 4) if bad / max(1, requests) > signal.threshold)


def _breach_probabilities(signal: Signal, exposure: Exposure, risk: Risk) -> tuple[float, ...]:
    period = signal.window.period_seconds
    usable = exposure.seconds // period - exposure.settle_periods
    requests = exposure.requests_per_minute * period / 60
    at = {
        shift.share: _breach_in_period(signal, requests, shift.share, risk)
        for shift in exposure.shifts
    }
    # A period in which the share grows counts with the smaller one.
    return tuple(at[exposure.share_at(n * period)] for n in range(max(0, usable)))


def _breach_in_period(signal: Signal, endpoint_requests: float, share: float, risk: Risk) -> float:
    if signal.scope == "new-fleet":
        requests = math.floor(round(endpoint_requests * share, 6))
        return breach_probability(signal, requests, risk.new) if requests else 0.0
    diluted = share * risk.new + (1 - share) * risk.old
    requests = math.floor(round(endpoint_requests, 6))
    return breach_probability(signal, requests, diluted) if requests else 0.0


@lru_cache(maxsize=4096)
def _first_alarms(breaches: tuple[float, ...], window: AlarmWindow) -> tuple[float, ...]:
    """Probability that the alarm fires first after each period, starting from quiet ones.

    A state is the last N - 1 outcomes as bits, the newest last; with the next one they are the N
    that decide. What fires is left behind.
    """
    remembered = (1 << (window.evaluation_periods - 1)) - 1
    states, first = {0: 1.0}, []
    for breach in breaches:
        fired = 0.0
        reached: dict[int, float] = defaultdict(float)
        for state, probability in states.items():
            fine, bad = state << 1, state << 1 | 1
            reached[fine & remembered] += probability * (1 - breach)
            if bad.bit_count() >= window.datapoints_to_alarm:
                fired += probability * breach
            else:
                reached[bad & remembered] += probability * breach
        first.append(fired)
        states = {state: p for state, p in reached.items() if p > 0}
    return tuple(first)


@lru_cache(maxsize=4096)
def _binomial_tail(trials: int, least: int, probability: float) -> float:
    """P(X >= least), summed outwards from the boundary on its thin side until nothing is left."""
    if least <= 0 or probability >= 1:
        return float(least <= trials)
    if least > trials or probability <= 0:
        return 0.0
    if least > trials * probability:
        return _outwards(trials, least, probability)
    return 1.0 - _outwards(trials, trials - least + 1, 1 - probability)


def _outwards(trials: int, least: int, probability: float) -> float:
    term = total = _binomial(trials, least, probability)
    odds = probability / (1 - probability)
    for successes in range(least, trials):
        term *= (trials - successes) / (successes + 1) * odds
        total += term
        if term <= total * 1e-17:
            break
    return total


def _binomial(trials: int, successes: int, probability: float) -> float:
    return math.exp(
        math.lgamma(trials + 1)
        - math.lgamma(successes + 1)
        - math.lgamma(trials - successes + 1)
        + successes * math.log(probability)
        + (trials - successes) * math.log1p(-probability)
    )
