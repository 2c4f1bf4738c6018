"""How many requests a canary answered while it was one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

_METRIC: Final = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
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


def invocations_in(bake: CanaryBake, *, new: PerMinute, both: PerMinute) -> int:
    """Requests to the new fleet while the old one still had its part.

    The metrics do not say when the traffic shifted. The new fleet's first minute begins the bake;
    a minute in which it answered more than halfway between its share and everything is no canary's
    any more. So requests after the shift never stand in for those that a silent canary lacked.
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


def had_traffic(cloudwatch: Any, fleet: Fleet) -> bool | None:
    """Whether the fleet ever got a request, at whatever share; None if CloudWatch cannot tell."""
    series = _series(cloudwatch, fleet)
    return None if series is None else bool(series["new"])


def _series(cloudwatch: Any, fleet: Fleet) -> dict[str, dict[datetime, float]] | None:
    """Requests per minute of the new fleet and of both."""
    endpoint = {"EndpointName": fleet.endpoint, "VariantName": fleet.variant}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[
            _query("both", endpoint),
            _query("new", endpoint | {"EndpointConfigName": fleet.config}),
        ],
        StartTime=fleet.start,
        EndTime=fleet.end,
        ScanBy="TimestampAscending",
    )
    series: dict[str, dict[datetime, float]] = {"both": {}, "new": {}}
    for result in (result for page in pages for result in page["MetricDataResults"]):
        if result["StatusCode"] not in ("Complete", "PartialData"):
            return None
        series[result["Id"]].update(_points(result))
    return series


def _query(id_: str, dimensions: Mapping[str, str]) -> dict[str, object]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    stat = {"Metric": {**_METRIC, "Dimensions": named}, "Period": _MINUTE, "Stat": "Sum"}
    return {"Id": id_, "MetricStat": stat, "ReturnData": True}


def _points(result: Mapping[str, Any]) -> Iterator[tuple[datetime, float]]:
    return zip(result["Timestamps"], result["Values"], strict=True)
