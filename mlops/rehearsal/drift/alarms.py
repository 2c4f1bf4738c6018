"""The synthesized alarms over what a run of the drift job published."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlops.metrics import MONITORING
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly

_LARGEST: Final = re.compile(r"MAX\(\[([a-z0-9, ]+)\]\)")
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
Point = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class DriftAlarms:
    """The alarms of one endpoint's drift job."""

    alarms: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, assembly: Assembly, endpoint: str) -> "DriftAlarms":
        """The alarms whose names begin with the endpoint's, as they were synthesized.

        Raises:
            RehearsalError: there are none.
        """
        found = [
            values.value(properties)
            for stack in assembly.stacks
            for values in [assembly.intrinsics(stack)]
            for _, properties in stack.resources("AWS::CloudWatch::Alarm")
            if MONITORING in str(properties)
            and str(properties.get("AlarmName", "")).startswith(f"{endpoint}-drift")
        ]
        if not found:
            raise RehearsalError(
                f"{endpoint}: no stack watches it for drift; remedy: pin a version in "
                "config/releases.yaml and set monitoring.engine: drift-job, then `make synth`"
            )
        return cls(alarms=found)

    def red(self, points: Sequence[Point]) -> tuple[str, ...]:
        """Names of the alarms that these points turn red; a missing point is judged as stated."""
        return tuple(str(a["AlarmName"]) for a in self.alarms if _is_red(a, points))


def _is_red(alarm: Mapping[str, Any], points: Sequence[Point]) -> bool:
    values = list(_values(alarm, points))
    if not values:
        return bool(alarm["TreatMissingData"] == "breaching")
    compare = _COMPARISONS[alarm["ComparisonOperator"]]
    return compare(max(values), float(alarm["Threshold"]))


def _values(alarm: Mapping[str, Any], points: Sequence[Point]) -> Iterator[float]:
    if "Metrics" not in alarm:
        yield from _matching(alarm, points)
        return
    shown, *queries = alarm["Metrics"]
    named = _LARGEST.fullmatch(shown["Expression"])
    if named is None:
        raise RehearsalError(f"{alarm['AlarmName']}: {shown['Expression']} is not rehearsed")
    wanted = named[1].split(", ")
    for query in queries:
        if query["Id"] in wanted:
            yield from _matching(query["MetricStat"]["Metric"], points)


def _matching(metric: Mapping[str, Any], points: Sequence[Point]) -> Iterator[float]:
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
    for point in points:
        place = (point["namespace"], point["name"], point["dimensions"])
        if place == (metric["Namespace"], metric["MetricName"], dimensions):
            yield float(point["value"])
