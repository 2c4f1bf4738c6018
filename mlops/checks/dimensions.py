"""What alarms on an endpoint's metrics ask by, and the sets of dimensions that CloudWatch has.

A metric is another one under other dimensions: an alarm on a set that nobody publishes never leaves
its first state, and a release whose alarms are so blind is promoted whatever happens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ENDPOINT: Final = "EndpointName"

Names = tuple[str, ...]
"""Names of all dimensions of a metric, sorted."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A metric of an endpoint, as some alarm names it."""

    namespace: str
    metric: str
    endpoint: str
    names: Names

    @property
    def question(self) -> str:
        """One request finds every set of dimensions of a metric."""
        return f"{self.namespace} {self.metric} of {self.endpoint}"

    @property
    def listing(self) -> dict[str, Any]:
        """That request, of ListMetrics."""
        return {
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": [{"Name": ENDPOINT, "Value": self.endpoint}],
        }


def watched(alarm: Mapping[str, Any], *, text: Callable[[Any], str] = str) -> Iterator[Watched]:
    """What an alarm watches of an endpoint, whether it is deployed or stands in a template.

    `text` turns the value of a dimension into the endpoint's name.
    """
    for metric in _metrics(alarm):
        given = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
        if ENDPOINT in given:
            yield Watched(
                namespace=metric["Namespace"],
                metric=metric["MetricName"],
                endpoint=text(given[ENDPOINT]),
                names=tuple(sorted(given)),
            )


def published(metrics: Iterable[Mapping[str, Any]]) -> set[Names]:
    """The sets of dimensions in an answer of ListMetrics."""
    return {tuple(sorted(one["Name"] for one in metric["Dimensions"])) for metric in metrics}


def told(sets: Iterable[Names]) -> str:
    """Sets of dimensions as a person reads them."""
    return " and ".join(sorted(", ".join(names) for names in sets))


def in_order(found: Iterable[Watched]) -> list[Watched]:
    """Each once: several alarms of a release watch the same metric."""
    return sorted(set(found), key=lambda one: (one.question, one.names))


def _metrics(alarm: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The metrics of an alarm: its own, or those that its expression is made from."""
    if "MetricName" in alarm:
        yield alarm
    for entry in alarm.get("Metrics", ()):
        if "MetricStat" in entry:
            yield entry["MetricStat"]["Metric"]
