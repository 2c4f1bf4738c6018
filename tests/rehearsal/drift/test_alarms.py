"""Alarms are judged as CloudWatch would, from what a run published."""

from typing import Any

import pytest

from mlops.metrics import MONITORING
from mlops.rehearsal.drift.alarms import DriftAlarms
from mlops.rehearsal.errors import RehearsalError


def dimensions(**named: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in named.items()]


def point(name: str, value: float, **named: str) -> dict[str, Any]:
    return {
        "namespace": MONITORING,
        "name": name,
        "dimensions": {"EndpointName": "e", **named},
        "value": value,
    }


def query(id_: str, check: str) -> dict[str, Any]:
    metric = {
        "Namespace": MONITORING,
        "MetricName": "Check",
        "Dimensions": dimensions(EndpointName="e", Check=check),
    }
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Maximum"}}


DRIFT: dict[str, Any] = {
    "AlarmName": "e-drift",
    "Metrics": [
        {"Id": "found", "Expression": "MAX([check0, check1])"},
        query("check0", "inputs"),
        query("check1", "predictions"),
    ],
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Threshold": 1,
    "TreatMissingData": "ignore",
}
RUNS: dict[str, Any] = {
    "AlarmName": "e-drift-missing-run",
    "Namespace": MONITORING,
    "MetricName": "Runs",
    "Dimensions": dimensions(EndpointName="e"),
    "ComparisonOperator": "LessThanThreshold",
    "Threshold": 1,
    "TreatMissingData": "breaching",
}
ALARMS = DriftAlarms(alarms=[DRIFT, RUNS])


def test_any_of_the_checks_reddens() -> None:
    points = [point("Runs", 1), point("Check", 0, Check="inputs")]

    assert ALARMS.red([*points, point("Check", 1, Check="predictions")]) == ("e-drift",)
    assert ALARMS.red([*points, point("Check", 1, Check="bias")]) == ()


def test_silence_reddens_what_is_about_silence_alone() -> None:
    assert ALARMS.red([]) == ("e-drift-missing-run",)


def test_an_expression_that_is_not_rehearsed_is_said() -> None:
    changed = {**DRIFT, "Metrics": [{"Id": "found", "Expression": "SUM(METRICS())"}]}

    with pytest.raises(RehearsalError, match=r"SUM\(METRICS\(\)\) is not rehearsed"):
        DriftAlarms(alarms=[changed]).red([])
