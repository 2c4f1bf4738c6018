"""CloudWatch's evaluation of a metric alarm, exactly as far as a canary depends on it.

An alarm that cannot fire, or fires on silence, is invisible until the day it is needed. The rules
are those of the CloudWatch User Guide ("Configuring how CloudWatch alarms treat missing data",
"Percentile-based alarms and low data samples"); its tables are our tests.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mlops.rollout.samples import Point, minimum_samples
from mlops.rollout.statistic import EXAMPLES, is_statistic

Points = Sequence[Point | None]
"""Data points, the oldest first; None where a period has none."""

_HOUR_SECONDS: Final = 3_600
_DAY_SECONDS: Final = 86_400
_SHORT_PERIODS: Final = (10, 20, 30)
"""Seconds of the periods of high-resolution metrics."""
SPARE_POINTS: Final = 2
"""How much wider than N the evaluation range is: documented for N = 3 as five points."""


class State(StrEnum):
    """What an alarm says."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class MissingData(StrEnum):
    """How an alarm treats a period without a data point."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class Comparison(StrEnum):
    """On which side of the threshold a data point breaches."""

    GREATER = "GreaterThanThreshold"
    GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    LESS = "LessThanThreshold"
    LESS_OR_EQUAL = "LessThanOrEqualToThreshold"

    def breaches(self, value: float, threshold: float) -> bool:
        """Whether a value is on the bad side of the threshold."""
        return _COMPARISONS[self](value, threshold)


_COMPARISONS: Final[dict[Comparison, Callable[[float, float], bool]]] = {
    Comparison.GREATER: lambda value, threshold: value > threshold,
    Comparison.GREATER_OR_EQUAL: lambda value, threshold: value >= threshold,
    Comparison.LESS: lambda value, threshold: value < threshold,
    Comparison.LESS_OR_EQUAL: lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """The part of a metric alarm that decides its state: M of the last N points breach.

    Raises:
        ValueError: CloudWatch would refuse the alarm.
    """

    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: Comparison = Comparison.GREATER
    missing_data: MissingData = MissingData.MISSING
    period_seconds: int = 60
    statistic: str = "Average"
    evaluate_low_samples: bool = True
    """False: a percentile of too few samples leaves the state alone."""

    def __post_init__(self) -> None:
        for refusal in _refusals(self):
            raise ValueError(refusal)

    @property
    def evaluation_range(self) -> int:
        """Points that CloudWatch retrieves: a little more than N, five for N = 3."""
        return self.evaluation_periods + SPARE_POINTS

    def breaches(self, point: Point) -> bool:
        """Whether one data point is bad."""
        return self.comparison.breaches(point.value, self.threshold)


def _refusals(alarm: Alarm) -> Iterator[str]:
    """Why CloudWatch would refuse an alarm: the limits of PutMetricAlarm."""
    periods, seconds = alarm.evaluation_periods, alarm.period_seconds
    if not 1 <= alarm.datapoints_to_alarm <= periods:
        yield (
            f"datapoints_to_alarm is {alarm.datapoints_to_alarm}; "
            f"use 1 to evaluation_periods, {periods}"
        )
    if seconds not in _SHORT_PERIODS and (seconds < 1 or seconds % 60):
        yield f"period_seconds is {seconds}; use 10, 20, 30 or a multiple of 60"
    days = 1 if seconds < _HOUR_SECONDS else 7
    if periods * seconds > days * _DAY_SECONDS:
        kind = "under an hour" if days == 1 else "of an hour and more"
        yield (
            f"{periods} periods of {seconds} s are more than {days * _DAY_SECONDS:,} s, "
            f"how far CloudWatch looks back with periods {kind}; shorten the window"
        )
    if not is_statistic(alarm.statistic):
        yield f"statistic is {alarm.statistic!r}; use one like {EXAMPLES}"
    if not math.isfinite(alarm.threshold):
        yield f"threshold is {alarm.threshold}; use a finite number"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """An alarm and what it says; a fresh one has seen nothing."""

    alarm: Alarm
    state: State = State.INSUFFICIENT_DATA

    def after(self, points: Points) -> "Watch":
        """The same alarm after an evaluation of all data points so far."""
        return Watch(alarm=self.alarm, state=evaluate(self.alarm, points, self.state))

    def updated(self, alarm: Alarm) -> "Watch":
        """Other settings under the same name: CloudWatch leaves the state as it was."""
        return Watch(alarm=alarm, state=self.state)


def history(alarm: Alarm, points: Points) -> list[State]:
    """What a fresh alarm says after each of the data points."""
    watch, states = Watch(alarm=alarm), []
    for count in range(1, len(points) + 1):
        watch = watch.after(points[max(0, count - alarm.evaluation_range) : count])
        states.append(watch.state)
    return states


def evaluate(alarm: Alarm, points: Points, previous: State) -> State:
    """The alarm's next state.

    Only the evaluation range counts. With N real points in it the newest N decide alone; with
    fewer, every real point counts, and as many missing ones as are needed to have N.
    """
    window = list(points)[-alarm.evaluation_range :]
    real = [point for point in window if point is not None]
    if real and _too_few_samples(alarm, window):
        return previous
    breaching = sum(alarm.breaches(point) for point in real[-alarm.evaluation_periods :])
    if len(real) >= alarm.evaluation_periods:
        return _decided(alarm, breaching)
    if breaching >= alarm.datapoints_to_alarm:
        return State.ALARM
    return _FILL[alarm.missing_data](alarm, window, previous)


def _too_few_samples(alarm: Alarm, window: Points) -> bool:
    if alarm.evaluate_low_samples:
        return False
    newest = window[-alarm.evaluation_periods :]
    samples = sum(point.samples for point in newest if point is not None)
    return samples < minimum_samples(alarm.statistic)


def _decided(alarm: Alarm, breaching: int) -> State:
    return State.ALARM if breaching >= alarm.datapoints_to_alarm else State.OK


def _fill_breaching(alarm: Alarm, window: Points, _: State) -> State:
    fine = sum(not alarm.breaches(point) for point in window if point is not None)
    return _decided(alarm, alarm.evaluation_periods - fine)


def _fill_not_breaching(alarm: Alarm, window: Points, _: State) -> State:
    return _decided(alarm, sum(alarm.breaches(point) for point in window if point is not None))


def _ignore(alarm: Alarm, window: Points, previous: State) -> State:
    return previous if _nothing_is_fine(alarm, window) else State.OK


def _missing(alarm: Alarm, window: Points, previous: State) -> State:
    if all(point is None for point in window):
        return State.INSUFFICIENT_DATA
    if not _nothing_is_fine(alarm, window):
        return State.OK
    # One bad point at the very end is no alarm yet: the next one may be fine.
    oldest = next(index for index, point in enumerate(window) if point is not None)
    old_enough = len(window) - oldest >= alarm.datapoints_to_alarm
    return State.ALARM if old_enough else previous


def _nothing_is_fine(alarm: Alarm, window: Points) -> bool:
    return all(alarm.breaches(point) for point in window if point is not None)


_FILL: Final[dict[MissingData, Callable[[Alarm, Points, State], State]]] = {
    MissingData.MISSING: _missing,
    MissingData.IGNORE: _ignore,
    MissingData.BREACHING: _fill_breaching,
    MissingData.NOT_BREACHING: _fill_not_breaching,
}
