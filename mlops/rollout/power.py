"""The chance that a rollback signal catches a bad version in time, and the price until it does.

Requests come at random (`counts`), each is bad with one probability, and they spread over both
fleets by the share. M of the last N data points is a Markov chain over their outcomes. A shift
begins anywhere in a period of the clock: so one is cut at each end, and where the share grows a
data point holds requests of both shares. For a detection the slowest publication is assumed.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from mlops.rollout.alarm import SPARE_POINTS
from mlops.rollout.counts import Arrivals, DataPoint, Load, data_point
from mlops.rollout.policy import LIMITS, AlarmWindow
from mlops.rollout.signals import Signal

_MIDDLE: Final = 1 / 2
"""Where in a period of the clock a shift begins on average, as a part of the period."""
_LATE: Final = 5 / 8
"""The same where the first data point shall be worth less: three eighths of a period. With a
quarter of one, a short bake under an alarm of a single data point was four points too careful."""
_NEGLIGIBLE: Final = 1e-13
"""A state of an alarm that is less likely is left out."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A share of the traffic, 0 to 1, on the new fleet for some seconds."""

    share: float
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What the new fleet is given: the endpoint's traffic, and the shares in their order."""

    callers_per_minute: float
    shifts: tuple[Shift, ...]
    probes_per_minute: float = 0.0
    arrivals: Arrivals = field(default_factory=Arrivals)
    settle_periods: int = LIMITS.settle_periods
    """Periods until the alarm's verdict: the cut of the clock, publication and evaluation."""

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
        """Requests that the new fleet is expected to have answered by then."""
        per_minute = self.callers_per_minute + self.probes_per_minute
        return math.fsum(
            seconds / 60 * per_minute * share for share, seconds in self.between(0, second)
        )

    def between(self, begin: float, end: float) -> Iterator[tuple[float, float]]:
        """The shares of a time and for how many of its seconds each; no time without a share."""
        starts = 0
        for shift in self.shifts:
            seconds = min(end, starts + shift.seconds) - max(begin, starts)
            if seconds > 0:
                yield shift.share, seconds
            starts += shift.seconds

    def load(self, share: float, seconds: float) -> Load:
        """What a share of the traffic comes to in a time."""
        minutes = seconds / 60
        return Load.of(
            callers=self.callers_per_minute * minutes,
            probes=self.probes_per_minute * minutes,
            share=share,
        )


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
    """What a signal does against a version of the given risk.

    The careful side: the shift begins late in a period of the clock, so that the first data point
    has few requests; time and harm are counted from a shift in the middle of one.
    """
    period, total = signal.window.period_seconds, exposure.seconds
    first = _first_alarms(_points_from(signal, exposure, risk, _LATE), signal.window)
    # The end of a period is where the clock puts it; what is left of the delay comes after it.
    delay = exposure.settle_periods - 1
    in_time = [
        (probability, min(total, (number - _MIDDLE + delay) * period))
        for number, probability in enumerate(first, 1)
        if (number - _LATE + delay) * period <= total
    ]
    caught = min(1.0, math.fsum(probability for probability, _ in in_time))
    requests = math.fsum(p * exposure.requests_until(moment) for p, moment in in_time)
    return Detection(
        probability=caught,
        expected_seconds=math.fsum(p * moment for p, moment in in_time) / caught
        if caught
        else math.inf,
        expected_harmed=risk.new * (requests + (1 - caught) * exposure.requests_until(total)),
    )


def false_alarm(signal: Signal, exposure: Exposure, risk: Risk) -> float:
    """The probability that a signal is red at any time of the shifts, whatever comes of it."""
    points = _points_from(signal, exposure, risk, _MIDDLE)
    return min(1.0, math.fsum(_first_alarms(points, signal.window)))


def any_of(probabilities: Sequence[float]) -> float:
    """The chance that any of several independent alarms turns red."""
    return 1.0 - math.prod(1.0 - probability for probability in probabilities)


def best_of(detections: Sequence[Detection]) -> Detection:
    """Several signals that count the same requests: what trips one trips the lower threshold's.

    Time and harm are the best one's too: upper bounds.
    """
    return max(detections, key=lambda found: (found.probability, -found.expected_seconds))


def _points_from(
    signal: Signal, exposure: Exposure, risk: Risk, phase: float
) -> tuple[DataPoint, ...]:
    """Data points of the clock's periods, of which the first began earlier than the shifts."""
    period = signal.window.period_seconds
    begins = -phase * period
    count = math.ceil((exposure.seconds - begins) / period)
    times = ((begins + n * period, begins + (n + 1) * period) for n in range(count))
    periods = [tuple(exposure.between(begin, end)) for begin, end in times]
    # Most periods of a shift are alike.
    points = {parts: _of_parts(signal, exposure, risk, parts) for parts in dict.fromkeys(periods)}
    return tuple(points[parts] for parts in periods)


def _of_parts(
    signal: Signal, exposure: Exposure, risk: Risk, parts: Sequence[tuple[float, float]]
) -> DataPoint:
    """The data point of a period whose parts have shares of their own."""
    seconds = math.fsum(part for _, part in parts)
    share = math.fsum(share * part for share, part in parts) / seconds
    if signal.counts_probes:
        exposure = replace(exposure, callers_per_minute=0.0)
    if signal.scope == "new-fleet":
        loads, bad = [exposure.load(share, part) for share, part in parts], risk.new
    else:
        loads, bad = [exposure.load(1.0, seconds)], share * risk.new + (1 - share) * risk.old
    return data_point(
        signal,
        sum(loads, Load()),
        bad=bad,
        arrivals=exposure.arrivals,
        minutes=signal.window.period_seconds / 60,
    )


_SILENT, _FINE, _BAD = range(3)
_Outcomes = tuple[int, ...]


def _first_alarms(points: Sequence[DataPoint], window: AlarmWindow) -> tuple[float, ...]:
    """Probability that the alarm fires first after each period, starting from silence.

    A state is what may still matter of the evaluation range: its outcomes from the oldest bad one
    that can count. What fires is left behind.
    """
    states: dict[_Outcomes, float] = {(): 1.0}
    first = []
    for point in points:
        fine = max(0.0, 1 - point.breach - point.silence)
        fired = 0.0
        reached: dict[_Outcomes, float] = defaultdict(float)
        for state, probability in states.items():
            after_silence, after_fine, after_bad = _transitions(state, window)
            reached[after_silence] += probability * point.silence
            reached[after_fine] += probability * fine
            if after_bad is None:
                fired += probability * point.breach
            else:
                reached[after_bad] += probability * point.breach
        first.append(fired)
        states = {state: p for state, p in reached.items() if p > _NEGLIGIBLE}
    return tuple(first)


@lru_cache(maxsize=65_536)
def _transitions(
    state: _Outcomes, window: AlarmWindow
) -> tuple[_Outcomes, _Outcomes, _Outcomes | None]:
    """The states after silence, a fine and a bad data point; None where the alarm fires."""
    silent, fine, bad = (_remembered((*state, outcome), window) for outcome in range(3))
    return silent, fine, None if _fires((*state, _BAD), window) else bad


def _fires(outcomes: _Outcomes, window: AlarmWindow) -> bool:
    """The newest N points that there are decide, of a range a little wider than N periods."""
    real = [outcome for outcome in outcomes if outcome != _SILENT]
    return real[-window.evaluation_periods :].count(_BAD) >= window.datapoints_to_alarm


def _remembered(outcomes: _Outcomes, window: AlarmWindow) -> _Outcomes:
    """What the next period still sees, without what can no longer count."""
    seen = outcomes[-(window.evaluation_periods + SPARE_POINTS - 1) :]
    for index, outcome in enumerate(seen):
        later = sum(1 for other in seen[index + 1 :] if other != _SILENT)
        if outcome == _BAD and later < window.evaluation_periods - 1:
            return seen[index:]
    return ()
