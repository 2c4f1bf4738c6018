"""Each alarm looks at what the drift job publishes, or at its silence, and names its runbook."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops.metrics import MONITORING
from mlops_constructs.monitoring.drift_alarms import RUNBOOK, DriftAlarms, watches
from mlops_constructs.release import Release

REPOSITORY = Path(__file__).parents[3]
LIMIT = {"metric": "accuracy", "comparison": "at_least", "threshold": 0.8}


@pytest.fixture(scope="module")
def judged(release_of: Callable[..., Release]) -> Release:
    """A release whose contract has labels, limits and groups."""
    given = release_of()
    spec = given.model.model_dump(mode="json", by_alias=True)
    spec["monitoring"] = {"labels": {"prediction": "probability"}, "limits": [LIMIT]}
    spec["problem"] |= {"groups": [{"field": "age", "names": {"1": "one", "2": "two"}}]}
    return replace(given, model=ModelSpec.model_validate(spec))


@pytest.fixture(scope="module")
def alarms(render: Callable[..., Any], judged: Release) -> dict[str, dict[str, Any]]:
    rendered = render(lambda stack: DriftAlarms(stack, "Alarms", release=judged))
    return {alarm["AlarmName"]: alarm for alarm in rendered.all("AWS::CloudWatch::Alarm")}


def test_every_side_of_a_window_has_an_alarm_and_so_has_silence(alarms: dict[str, Any]) -> None:
    assert sorted(name.removeprefix("acme-prod-churn-drift") for name in alarms) == [
        "", "-bias", "-data-quality", "-missing-capture", "-missing-run", "-model-quality",
    ]  # fmt: skip


def test_what_a_contract_does_not_have_is_not_watched(release_of: Callable[..., Release]) -> None:
    assert {watch.key: watch.checks for watch in watches(release_of().model)} == {
        "drift": ("inputs", "predictions"),
        "data-quality": ("contract", "reading"),
    }


def test_the_drift_alarm_is_red_if_any_of_its_checks_is(alarms: dict[str, Any]) -> None:
    alarm = alarms["acme-prod-churn-drift"]
    shown, *checks = alarm["Metrics"]

    assert shown["Expression"] == "MAX([check0, check1, check2])"
    assert [
        {d["Name"]: d["Value"] for d in check["MetricStat"]["Metric"]["Dimensions"]}
        for check in checks
    ] == [
        {"Check": "inputs", "EndpointName": "acme-prod-churn"},
        {"Check": "predictions", "EndpointName": "acme-prod-churn"},
        {"Check": "labels", "EndpointName": "acme-prod-churn"},
    ]
    assert {check["MetricStat"]["Metric"]["Namespace"] for check in checks} == {MONITORING}
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


def test_days_without_a_run_neither_mend_nor_redden_a_check(alarms: dict[str, Any]) -> None:
    silent = {name for name, alarm in alarms.items() if alarm["TreatMissingData"] == "ignore"}

    assert silent == alarms.keys() - {"acme-prod-churn-drift-missing-run"}


def test_two_days_without_a_run_are_an_alarm_but_not_before_the_first_is_due(
    alarms: dict[str, Any],
) -> None:
    alarm = alarms["acme-prod-churn-drift-missing-run"]

    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("Runs", "breaching")
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 2 * 86_400
    assert alarm["WarmUpConfiguration"]["WarmUpPeriodDurationInMinutes"] == 2 * 24 * 60


def test_each_alarm_tells_people_and_names_a_section_that_exists(alarms: dict[str, Any]) -> None:
    runbook = (REPOSITORY / RUNBOOK).read_text()
    sections = set(re.findall(r"^## ([a-z-]+)$", runbook, re.MULTILINE))

    for alarm in alarms.values():
        place, _, section = alarm["AlarmDescription"].rpartition(" ")[2].partition("#")
        assert place == RUNBOOK
        assert section in sections
        assert alarm["AlarmActions"] == ["arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"]
