"""How many requests a canary answered while it was one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mlops.rollout.fleets import Fleets, FleetSums
from mlops.rollout.signals import INVOCATION_METRICS

_MINUTE: Final = 60
PerMinute = Mapping[datetime, float]


@dataclass(frozen=True, kw_only=True)
class CanaryBake:
    """Share of the traffic that the new fleet was given, 0 to 1, and for how long."""

    share: float
    length: timedelta


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The new fleet among the endpoint's requests, and the time to look at."""

    endpoint: str
    variant: str
    config: str
    start: datetime
    end: datetime

    @property
    def whole(self) -> dict[str, str]:
        """Dimensions of both fleets together."""
        return {"EndpointName": self.endpoint, "VariantName": self.variant}

    @property
    def own(self) -> dict[str, str]:
        """Dimensions of the new fleet alone."""
        return self.whole | {"EndpointConfigName": self.config}


def invocations_in(bake: CanaryBake, *, new: PerMinute, both: PerMinute) -> int:
    """Requests to the new fleet while the old one still had its part.

    The metrics do not say when the traffic shifted. The new fleet's first minute begins the bake;
    a minute in which it answered more than halfway between its share and everything is after the
    canary. So requests after the shift never stand in for those that a silent canary lacked.
    """
    if not new:
        return 0
    end = min(new) + bake.length
    most = (1 + bake.share) / 2
    return round(
        sum(
            count
            for minute, count in new.items()
            if minute < end and count <= most * both.get(minute, 0)
        )
    )


def canary_invocations(cloudwatch: Any, fleet: Fleet, bake: CanaryBake) -> int | None:
    """The canary's requests as CloudWatch knows them; None if it cannot tell."""
    series = _series(cloudwatch, fleet)
    return None if series is None else invocations_in(bake, new=series["new"], both=series["both"])


def endpoint_invocations(cloudwatch: Any, fleet: Fleet) -> int | None:
    """Requests of both fleets, without the config's dimension; None if CloudWatch cannot tell."""
    series = _series(cloudwatch, fleet)
    return None if series is None else round(sum(series["both"].values()))


def had_traffic(cloudwatch: Any, fleet: Fleet) -> bool | None:
    """Whether the fleet ever got a request, at whatever share; None if CloudWatch cannot tell."""
    series = _series(cloudwatch, fleet)
    return None if series is None else bool(series["new"])


def fleets_of(cloudwatch: Any, fleet: Fleet) -> Fleets | None:
    """What both fleets showed, the old one as what is left of the endpoint; None if not known.

    Everything counts from the config's creation on: the old fleet before the shift and after the
    way back tells as well whether it was the version.
    """
    series = _series(cloudwatch, fleet, metrics=_COMPARED)
    if series is None:
        return None
    sums = {id_: sum(points.values()) for id_, points in series.items()}
    new = {key: sums[f"new_{key}"] for key in _COMPARED}
    old = {key: max(0.0, sums[f"both_{key}"] - new[key]) for key in _COMPARED}
    return Fleets(old=FleetSums(**old), new=FleetSums(**new))


_COMPARED: Final = {
    "requests": "Invocations",
    "server_errors": "Invocation5XXErrors",
    "failures": "InvocationModelErrors",
    "refusals": "Invocation4XXErrors",
    "latency_microseconds": "ModelLatency",
}


def _series(
    cloudwatch: Any, fleet: Fleet, *, metrics: Mapping[str, str] | None = None
) -> dict[str, dict[datetime, float]] | None:
    """Sums per minute of the new fleet and of both; of requests alone unless others are asked."""
    asked = {"": "Invocations"} if metrics is None else metrics
    queries = [
        _query(f"{whose}_{key}".strip("_"), dimensions, metric)
        for whose, dimensions in (("both", fleet.whole), ("new", fleet.own))
        for key, metric in asked.items()
    ]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=fleet.start,
        EndTime=fleet.end,
        ScanBy="TimestampAscending",
    )
    series: dict[str, dict[datetime, float]] = {str(query["Id"]): {} for query in queries}
    for result in (result for page in pages for result in page["MetricDataResults"]):
        if result["StatusCode"] not in ("Complete", "PartialData"):
            return None
        series[result["Id"]].update(_points(result))
    return series


def _query(id_: str, dimensions: Mapping[str, str], metric: str) -> dict[str, object]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    described = {"Namespace": INVOCATION_METRICS, "MetricName": metric, "Dimensions": named}
    stat = {"Metric": described, "Period": _MINUTE, "Stat": "Sum"}
    return {"Id": id_, "MetricStat": stat, "ReturnData": True}


def _points(result: Mapping[str, Any]) -> Iterator[tuple[datetime, float]]:
    return zip(result["Timestamps"], result["Values"], strict=True)
