"""What CloudWatch would be told about every request, and the alarms that look at it.

The metrics are SageMaker's own, under their names and in their units; the prober's is ours. Points
and states come from `mlops.rollout`, the same code that plans a canary.
"""

import bisect
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from mlops import metrics
from mlops.rehearsal.canary.endpoint import RollbackAlarm
from mlops.rehearsal.canary.router import Colour, Invocation, is_server_error
from mlops.rollout import Formula, Point, Sample, State, Watch, timeline
from mlops.rollout.published import is_own

INVOCATIONS: Final = "AWS/SageMaker"
PROBES: Final = metrics.WRONG_ANSWERS.namespace
WRONG_ANSWERS: Final = metrics.WRONG_ANSWERS.name
LATENCY: Final = "ModelLatency"
RESOLUTION_SECONDS: Final = 60
"""Between two data points of every metric here."""
PUBLICATION_SECONDS: Final = 60
"""How long a data point is on its way to an alarm."""
_MICROSECONDS: Final = 1_000_000
Part = Literal["endpoint", "new-fleet", "old-fleet"]
Span = tuple[float, float, int]
"""Start, end and length of a period, in seconds."""
_FLEETS: Final[Mapping[Colour, Part]] = {"blue": "old-fleet", "green": "new-fleet"}

_MEASURED: Final[Mapping[str, Callable[[Invocation], float]]] = {
    "Invocations": lambda _: 1.0,
    "Invocation4XXErrors": lambda one: float(400 <= one.status < 500),  # noqa: PLR2004  # HTTP's
    "Invocation5XXErrors": lambda one: float(is_server_error(one.status)),
    "InvocationModelErrors": lambda one: float(not 200 <= one.status < 300),  # noqa: PLR2004
    "ModelLatency": lambda one: one.model_seconds * _MICROSECONDS,
    "OverheadLatency": lambda one: one.overhead_seconds * _MICROSECONDS,
}


@dataclass(kw_only=True)
class Metrics:
    """Everything that was measured, by metric and by whether the new fleet was concerned."""

    invocations: list[Invocation] = field(default_factory=list)
    _series: dict[tuple[Part, str], list[Sample]] = field(default_factory=lambda: defaultdict(list))
    _reference: list[Sample] = field(default_factory=list)

    def record(self, invocation: Invocation) -> None:
        """Keep what one request showed."""
        self.invocations.append(invocation)
        for metric, measured in _MEASURED.items():
            sample = Sample(at=invocation.at, value=measured(invocation))
            self._series["endpoint", metric].append(sample)
            self._series[_FLEETS[invocation.fleet], metric].append(sample)

    def forget(self) -> None:
        """Drop what was measured before the deployment began."""
        self.invocations.clear()
        self._series.clear()
        self._reference.clear()

    def record_probe(self, *, at: float, of_candidate: bool, wrong: bool) -> None:
        """Keep what the prober found about one answer."""
        sample = Sample(at=at, value=float(wrong))
        self._series["endpoint", WRONG_ANSWERS].append(sample)
        fleet = _FLEETS["green" if of_candidate else "blue"]
        self._series[fleet, WRONG_ANSWERS].append(sample)

    def record_reference(self, *, at: float, seconds: float) -> None:
        """Keep how long the old fleet took for a request that no client sent."""
        self._reference.append(Sample(at=at, value=seconds * _MICROSECONDS))

    def old_fleet_latency(self) -> Sequence[Sample]:
        """The old fleet's latency, that of nobody's requests included, oldest first."""
        return sorted((*self._series["old-fleet", LATENCY], *self._reference), key=_moment)

    def samples(self, part: Part, metric: str) -> Sequence[Sample]:
        """Everything that was measured of a metric, oldest first."""
        return self._series[part, metric]

    def points(self, alarm: RollbackAlarm, *, until: float) -> Sequence[Point | None]:
        """The data points in an alarm's evaluation range that end by a moment.

        A metric exists under exactly its dimensions, and has no data between its own data points.
        """
        period = alarm.rule.period_seconds
        silent = alarm.missing is not None or is_own(alarm.namespace)
        if silent or period % RESOLUTION_SECONDS:
            return [None] * alarm.rule.evaluation_range
        end = (until // period) * period
        start = end - alarm.rule.evaluation_range * period
        span = (start, end, period)
        if alarm.formula is not None:
            return self._computed(alarm.formula, span)
        return self._timeline(alarm.scope, alarm.metric, alarm.rule.statistic, span)

    def _computed(self, formula: Formula, span: Span) -> list[Point | None]:
        """The data points of metric math, period by period."""
        series = [
            self._timeline(term.scope, term.metric, term.statistic, span) for term in formula.terms
        ]
        found: list[Point | None] = []
        for points in zip(*series, strict=True):
            value = formula.value(
                {
                    term.id: None if point is None else point.value
                    for term, point in zip(formula.terms, points, strict=True)
                }
            )
            samples = max((point.samples for point in points if point is not None), default=0)
            found.append(None if value is None else Point(value=value, samples=samples))
        return found

    def _timeline(
        self, part: Part, metric: str, statistic: str, span: Span
    ) -> Sequence[Point | None]:
        start, end, period = span
        series = self._series[part, metric]
        first = bisect.bisect_left(series, start, key=_moment)
        last = bisect.bisect_left(series, end, key=_moment)
        return timeline(
            series[first:last],
            statistic=statistic,
            period_seconds=period,
            start=start,
            end=end,
        )


@dataclass(frozen=True, kw_only=True)
class Change:
    """An alarm that says something else than before."""

    at: float
    alarm: str
    state: State


@dataclass(kw_only=True)
class Board:
    """The rollback alarms of a deployment and what they say."""

    alarms: Sequence[RollbackAlarm]
    metrics: Metrics
    changes: list[Change] = field(default_factory=list)
    _watches: dict[str, Watch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._watches = {alarm.name: Watch(alarm=alarm.rule) for alarm in self.alarms}

    def redden(self, name: str, *, at: float) -> None:
        """Let an alarm be red, whatever it has seen."""
        self._set(name, Watch(alarm=self._watches[name].alarm, state=State.ALARM), at=at)

    def evaluate(self, *, at: float) -> None:
        """Look at every metric as CloudWatch would see it at this moment."""
        for alarm in self.alarms:
            points = self.metrics.points(alarm, until=at - PUBLICATION_SECONDS)
            self._set(alarm.name, self._watches[alarm.name].after(points), at=at)

    @property
    def states(self) -> dict[str, State]:
        """What each alarm says now."""
        return {name: watch.state for name, watch in self._watches.items()}

    @property
    def red(self) -> list[str]:
        """The alarms that would roll back now."""
        return [name for name, state in self.states.items() if state is State.ALARM]

    def _set(self, name: str, watch: Watch, *, at: float) -> None:
        if watch.state is not self._watches[name].state:
            self.changes.append(Change(at=at, alarm=name, state=watch.state))
        self._watches[name] = watch


def _moment(sample: Sample) -> float:
    return sample.at
