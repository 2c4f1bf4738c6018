from typing import Any

from mlops_constructs.validation.alarm_metrics import (
    evaluation_seconds,
    rollback_alarms,
    watched_metrics,
)


def test_the_metrics_of_an_alarm_include_those_in_its_math(endpoint: dict[str, Any]) -> None:
    named = [
        metric.name
        for alarm in ("Errors", "Latency")
        for metric in watched_metrics(endpoint["Resources"][alarm]["Properties"])
    ]

    assert named == ["Invocation5XXErrors", "ModelLatency"]


def test_detection_takes_the_periods_and_three_more(endpoint: dict[str, Any]) -> None:
    assert evaluation_seconds(endpoint["Resources"]["Errors"]["Properties"]) == 360


def test_an_alarm_without_metrics_takes_no_time() -> None:
    assert evaluation_seconds({"EvaluationPeriods": 3}) == 0


def test_rollback_alarms_are_found_by_reference_and_by_name(endpoint: dict[str, Any]) -> None:
    properties = endpoint["Resources"]["Endpoint"]["Properties"]

    found = [alarm is not None for _, alarm in rollback_alarms(endpoint, properties)]

    assert found == [True, True]
