"""Whether the metrics that alarms name exist, with exactly the dimensions that alarms give.

A metric is another one under other dimensions: an alarm on a set that nobody publishes never leaves
its first state, and a release whose alarms are so blind is promoted whatever happens.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open
from mlops.rehearsal.intrinsics import Intrinsics

DIMENSIONS: Final = "metric-dimensions"
_ENDPOINT: Final = "EndpointName"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A metric of an endpoint, as some alarm names it."""

    namespace: str
    metric: str
    endpoint: str
    names: tuple[str, ...]
    """Of all its dimensions, sorted."""

    @property
    def question(self) -> str:
        """One request finds every set of dimensions of a metric."""
        return f"{self.namespace} {self.metric} of {self.endpoint}"


def dimensions(ground: Ground) -> Probe:
    """List each metric that an alarm of the stage names."""
    watched = sorted(set(_watched(ground)), key=lambda one: (one.question, one.names))
    if not watched:
        return idle(DIMENSIONS, "no alarm of the stage watches an endpoint")
    calls = {one.question: _listing(one) for one in watched}
    return Probe(
        assumption=DIMENSIONS,
        calls=tuple(calls.values()),
        judge=lambda answers: _judged(watched, answers),
    )


def _watched(ground: Ground) -> Iterator[Watched]:
    for _, alarm, values in ground.resources("AWS::CloudWatch::Alarm"):
        for metric in _metrics(alarm):
            given = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
            if _ENDPOINT in given:
                yield _as_watched(metric, given, values)


def _as_watched(metric: Mapping[str, Any], given: Mapping[str, Any], values: Intrinsics) -> Watched:
    return Watched(
        namespace=metric["Namespace"],
        metric=metric["MetricName"],
        endpoint=values.text(given[_ENDPOINT]).removesuffix(f".{_ENDPOINT}"),
        names=tuple(sorted(given)),
    )


def _metrics(alarm: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The metrics of an alarm: its own, or those that its expression is made from."""
    if "MetricName" in alarm:
        yield alarm
    for entry in alarm.get("Metrics", ()):
        if "MetricStat" in entry:
            yield entry["MetricStat"]["Metric"]


def _listing(one: Watched) -> Call:
    return Call(
        name=one.question,
        place="stage",
        service="cloudwatch",
        operation="ListMetrics",
        request={
            "Namespace": one.namespace,
            "MetricName": one.metric,
            "Dimensions": [{"Name": _ENDPOINT, "Value": one.endpoint}],
        },
    )


def _judged(watched: list[Watched], answers: Answers) -> Verdict:
    wrong, unseen = [], []
    for one in watched:
        answer = answers[one.question]
        if isinstance(answer, Refusal):
            return still_open(f"{one.question}: {answer}")
        sets = {
            tuple(sorted(d["Name"] for d in m["Dimensions"])) for m in answer.get("Metrics", ())
        }
        if not sets:
            unseen.append(one.question)
        elif one.names not in sets:
            seen = " and ".join(sorted(", ".join(names) for names in sets))
            wrong.append(f"{one.question} exists by {seen}; alarms ask by {', '.join(one.names)}")
    if wrong:
        return broken("; ".join(wrong))
    if unseen:
        shown = ", ".join(dict.fromkeys(unseen))
        return still_open(f"not published yet: {shown}; ask again after a release with requests")
    return held(f"{len(watched)} metrics exist as the alarms name them")
