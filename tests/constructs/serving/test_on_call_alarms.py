"""What pages, and that each page says where to read on."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.serving.on_call_alarms import OnCallAlarms


@pytest.fixture(scope="module")
def alarms(render: Callable[..., Any], release_of: Callable[..., Release]) -> dict[str, Any]:
    built = render(lambda stack: OnCallAlarms(stack, "OnCall", release=release_of()))
    found = built.all("AWS::CloudWatch::Alarm")
    return {a["AlarmName"].removeprefix("acme-prod-churn-oncall-"): a for a in found}


def test_every_way_in_which_an_endpoint_fails_its_callers_pages(alarms: dict[str, Any]) -> None:
    assert set(alarms) == {
        "server-errors",
        "latency",
        "overhead",
        "cpu",
        "memory",
        "disk",
        "no-healthy-traffic",
    }


def test_pages_go_to_the_stages_topic_and_decide_no_release(alarms: dict[str, Any]) -> None:
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == ["arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"]
        assert "EndpointConfigName" not in str(alarm)


def test_every_page_names_a_section_that_exists(alarms: dict[str, Any], root: Path) -> None:
    for key, alarm in alarms.items():
        path, _, section = alarm["AlarmDescription"].rpartition("Runbook: ")[2].partition("#")
        headings = re.findall(r"^## (.+)$", (root / path).read_text(), re.MULTILINE)
        assert section == key
        assert section in headings


def test_three_bad_minutes_of_five_page_and_a_quarter_of_an_hour_of_silence(
    alarms: dict[str, Any],
) -> None:
    judged = {
        key: (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"])
        for key, alarm in alarms.items()
    }
    silence = alarms["no-healthy-traffic"]["Metrics"]

    assert judged.pop("no-healthy-traffic") == (3, 3)
    assert set(judged.values()) == {(3, 5)}
    assert {m["MetricStat"]["Period"] for m in silence if "MetricStat" in m} == {300}


def test_latency_pages_at_the_contracts_objective(alarms: dict[str, Any]) -> None:
    assert alarms["latency"]["Threshold"] == 200_000
    assert alarms["latency"]["ExtendedStatistic"] == "p99"


def test_silence_pages_because_missing_data_is_what_silence_looks_like(
    alarms: dict[str, Any],
) -> None:
    silence = alarms["no-healthy-traffic"]

    assert silence["TreatMissingData"] == "breaching"
    assert silence["ComparisonOperator"] == "LessThanThreshold"
    assert [m["Id"] for m in silence["Metrics"] if m.get("ReturnData", True)] == ["healthy"]


def test_silence_is_normal_where_nobody_calls(
    render: Callable[..., Any], release_of: Callable[..., Release]
) -> None:
    built = render(lambda stack: OnCallAlarms(stack, "OnCall", release=release_of("test")))

    assert "no-healthy-traffic" not in str(built.template)
