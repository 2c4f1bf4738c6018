"""The metrics of an endpoint as they are published, and whether an alarm on one protects anybody.

CloudWatch takes an alarm on a metric that nobody publishes, with one dimension too many or a unit
of its own, and an alarm that no value of the metric can turn red. Both are quiet for ever, which
looks like health. A metric exists under exactly its dimensions; an alarm on it must be red where
half of the requests fail, and quiet where none does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mlops.metrics import WRONG_ANSWERS
from mlops.rollout.alarm import Alarm
from mlops.rollout.metric_math import Formula
from mlops.rollout.samples import Point, aggregate, minimum_samples, percentile
from mlops.rollout.signals import INVOCATION_METRICS, MetricUnit

_PLATFORM: Final = ("aws/", "mlops/")
_REQUESTS: Final = 1000
"""Enough for any percentile of three digits to mean something."""
_LONGEST_ANSWER_MICROSECONDS: Final = 60_000_000.0
"""SageMaker waits 60 seconds for a container."""


@dataclass(frozen=True, kw_only=True)
class PublishedMetric:
    """A metric of single requests, and under which dimensions it exists."""

    namespace: str
    name: str
    unit: MetricUnit
    dimensions: tuple[frozenset[str], ...]
    good: float
    """What a request reports with which nothing is wrong."""
    bad: float
    """The most that one request can report."""
    resolution_seconds: int = 60

    @property
    def spelled(self) -> str:
        """Namespace and name, as a person looks them up."""
        return f"{self.namespace} {self.name}"


_ENDPOINT: Final = frozenset({"EndpointName", "VariantName"})
_FLEET: Final = _ENDPOINT | {"EndpointConfigName"}


def _invocation(name: str, unit: MetricUnit, *, good: float, bad: float) -> PublishedMetric:
    return PublishedMetric(
        namespace=INVOCATION_METRICS, name=name, unit=unit, dimensions=(_ENDPOINT, _FLEET),
        good=good, bad=bad,
    )  # fmt: skip


PUBLISHED: Final = (
    _invocation("Invocations", "None", good=1.0, bad=1.0),
    _invocation("Invocation4XXErrors", "None", good=0.0, bad=1.0),
    _invocation("Invocation5XXErrors", "None", good=0.0, bad=1.0),
    _invocation("InvocationModelErrors", "None", good=0.0, bad=1.0),
    _invocation("ModelLatency", "Microseconds", good=0.0, bad=_LONGEST_ANSWER_MICROSECONDS),
    _invocation("OverheadLatency", "Microseconds", good=0.0, bad=_LONGEST_ANSWER_MICROSECONDS),
    PublishedMetric(
        namespace=WRONG_ANSWERS.namespace, name=WRONG_ANSWERS.name, unit="None",
        dimensions=(WRONG_ANSWERS.dimensions,),
        good=0.0, bad=1.0,
    ),
)  # fmt: skip
"""SageMaker's, by its developer guide (monitoring, deployment guardrails), and the prober's."""


def is_own(namespace: str) -> bool:
    """Whether a model's own code publishes a metric: what it reports is not known here."""
    return not namespace.lower().lstrip("/").startswith(_PLATFORM)


def published(namespace: str, name: str) -> PublishedMetric | None:
    """The metric of this name; None where nothing publishes it for a fleet."""
    found = (one for one in PUBLISHED if (one.namespace, one.name) == (namespace, name))
    return next(found, None)


def missing(
    namespace: str, name: str, *, dimensions: Iterable[str], unit: str | None = None
) -> str | None:
    """Why no metric answers to this description; None where one does."""
    metric = published(namespace, name)
    if metric is None:
        return f"nothing publishes {namespace} {name} for a fleet"
    asked = frozenset(dimensions)
    if asked not in metric.dimensions:
        allowed = " or ".join(", ".join(sorted(names)) for names in metric.dimensions)
        got = ", ".join(sorted(asked)) or "no dimension"
        return f"{metric.spelled} exists under exactly {allowed}, not under {got}"
    if unit not in (None, metric.unit):
        return f"{metric.spelled} is published in the unit {metric.unit}, not {unit}"
    return None


def blindness(alarm: Alarm, metric: PublishedMetric) -> Iterator[str]:
    """Every reason for which an alarm on a metric protects nothing."""
    if alarm.period_seconds % metric.resolution_seconds:
        yield (
            f"{metric.spelled} has one data point in {metric.resolution_seconds} s, "
            f"and the alarm's period is {alarm.period_seconds} s"
        )
    if percentile(alarm.statistic) is not None and not alarm.evaluate_low_samples:
        yield (
            f"it ignores a percentile of fewer than {minimum_samples(alarm.statistic)} samples, "
            "which a canary rarely has"
        )
    try:
        failing, healthy = _value(alarm, metric, bad=_REQUESTS // 2), _value(alarm, metric, bad=0)
    except ValueError as error:
        yield f"it cannot be judged here: {error}"
        return
    yield from _misjudged(alarm, f"their {alarm.statistic}", failing=failing, healthy=healthy)


def computed_blindness(alarm: Alarm, formula: Formula) -> Iterator[str]:
    """The same of an alarm on metric math: the first term's metric is the one that tells.

    The old fleet answers as many requests as the new one, and nothing is wrong with any of them.
    """
    failing = formula.value(dict(_terms(formula, bad=_REQUESTS // 2)))
    healthy = formula.value(dict(_terms(formula, bad=0)))
    if failing is None or healthy is None:
        yield "its expression has no value where both fleets answer"
        return
    points = (Point(value=value, samples=_REQUESTS) for value in (failing, healthy))
    yield from _misjudged(alarm, "the expression", failing=next(points), healthy=next(points))


def _terms(formula: Formula, *, bad: int) -> Iterator[tuple[str, float | None]]:
    for term in formula.terms:
        metric = published(INVOCATION_METRICS, term.metric)
        if metric is None:
            yield term.id, None
            continue
        failing = bad if term.metric == formula.terms[0].metric else 0
        requests = _REQUESTS * (2 if term.scope == "endpoint" else 1)
        values = [metric.bad] * failing + [metric.good] * (requests - failing)
        yield term.id, aggregate(term.statistic, values)


def _misjudged(alarm: Alarm, what: str, *, failing: Point, healthy: Point) -> Iterator[str]:
    threshold = f"{alarm.comparison} {alarm.threshold:g}"
    if not alarm.breaches(failing):
        yield (
            f"it is quiet where half of the requests fail: {what} is {failing.value:g}, "
            f"and the alarm asks for {threshold}"
        )
    if alarm.breaches(healthy):
        yield (
            f"it is red where no request fails: {what} is {healthy.value:g}, "
            f"and the alarm asks for {threshold}"
        )


def _value(alarm: Alarm, metric: PublishedMetric, *, bad: int) -> Point:
    """The data point of a period in which so many of the requests fail."""
    values = [metric.bad] * bad + [metric.good] * (_REQUESTS - bad)
    return Point(value=aggregate(alarm.statistic, values), samples=len(values))
