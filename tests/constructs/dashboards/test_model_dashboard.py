"""The panels become widgets: metrics, periods, thresholds, alarms, runbooks."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops.dashboards import VARIANT as SHOWN
from mlops_constructs.batch.batch_alarms import BatchAlarms
from mlops_constructs.dashboards.model_dashboard import ModelDashboard
from mlops_constructs.monitoring.drift_alarms import DriftAlarms
from mlops_constructs.release import VARIANT, Release
from mlops_constructs.serving.on_call_alarms import OnCallAlarms

REPOSITORY = Path(__file__).parents[3]
LIMIT = {"metric": "accuracy", "comparison": "at_least", "threshold": 0.8}
Widgets = list[dict[str, Any]]


@pytest.fixture(scope="module")
def judged(release_of: Callable[..., Release]) -> Release:
    """A release whose contract has labels, limits, groups and batches."""
    given = release_of()
    spec = given.model.model_dump(mode="json", by_alias=True)
    spec["monitoring"] = {"labels": {"prediction": "probability"}, "limits": [LIMIT], "psi": 0.2}
    spec["batch"] = {"schedule": "cron(0 4 * * ? *)"}
    spec["problem"] |= {"groups": [{"field": "age", "names": {"1": "one", "2": "two"}}]}
    return replace(given, model=ModelSpec.model_validate(spec))


@pytest.fixture(scope="module")
def dashboard(render: Callable[..., Any], judged: Release) -> dict[str, Any]:
    rendered = render(lambda stack: ModelDashboard(stack, "Model", release=judged))
    found: dict[str, Any] = rendered.only("AWS::CloudWatch::Dashboard")
    return found


@pytest.fixture(scope="module")
def body(dashboard: dict[str, Any], shown: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = shown(dashboard)
    return found


@pytest.fixture(scope="module")
def graphs(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    widgets = body["widgets"]
    return {w["properties"]["title"]: w["properties"] for w in widgets if w["type"] == "metric"}


def marks(graph: dict[str, Any]) -> dict[str, float]:
    return {mark["label"]: mark["value"] for mark in graph["annotations"]["horizontal"]}


def test_it_has_a_name_of_its_own_that_no_other_purpose_takes(dashboard: dict[str, Any]) -> None:
    assert dashboard["DashboardName"] == "acme-prod-model-churn"


def test_minutes_stay_minutes_however_much_time_is_shown(body: dict[str, Any]) -> None:
    assert body["periodOverride"] == "inherit"


def test_latency_is_beside_the_objective_in_microseconds(graphs: dict[str, Any]) -> None:
    latency = graphs["Model latency"]

    assert [metric[-1]["stat"] for metric in latency["metrics"]] == ["p50", "p90", "p99"]
    assert marks(latency) == {"objective of the p99": 200_000}
    assert marks(graphs["Overhead latency"]) == {"objective of the p99": 200_000}
    assert marks(graphs["Model latency p99 by release"]) == {"rolls back": 300_000}


def test_errors_are_shares_beside_the_alarms_threshold(
    graphs: dict[str, Any], judged: Release
) -> None:
    errors = graphs["Share of requests that fail"]

    assert [metric[1] for metric in errors["metrics"]] == [
        "Invocation5XXErrors",
        "Invocation4XXErrors",
        "InvocationModelErrors",
    ]
    assert {metric[-1].get("stat", "Average") for metric in errors["metrics"]} == {"Average"}
    assert marks(errors) == {"alarm on 5xx": judged.canary.alarms.error_ratio}


def test_metrics_are_of_the_variant_that_is_deployed() -> None:
    assert SHOWN == VARIANT


def test_a_canary_is_seen_beside_the_old_fleet(graphs: dict[str, Any]) -> None:
    shares = graphs["Requests per minute by release"]

    assert shares["stacked"] is True
    assert shares["metrics"] == [
        [
            {
                "expression": (
                    'SEARCH(\'{"AWS/SageMaker","EndpointName","VariantName","EndpointConfigName"} '
                    'MetricName="Invocations" EndpointName="acme-prod-churn" '
                    "VariantName=\"AllTraffic\"', 'Sum', 60)"
                ),
                "label": "${PROP('Dim.EndpointConfigName')}",
                "period": 60,
            }
        ]
    ]


def test_instances_follow_from_the_requests_of_each(graphs: dict[str, Any]) -> None:
    instances = graphs["Instances"]

    assert instances["metrics"][0][0]["expression"] == "FILL(above / below, 2)"
    assert [metric[1] for metric in instances["metrics"][1:]] == [
        "Invocations",
        "InvocationsPerInstance",
    ]
    assert marks(instances) == {"smallest fleet": 2, "largest fleet": 2}


def test_cost_is_instance_hours_and_names_the_machine(graphs: dict[str, Any]) -> None:
    hours = graphs["Instance-hours of ml.m5.large since the left end"]

    assert hours["metrics"][0][0]["expression"] == "RUNNING_SUM(FILL(above / below, 2))"
    assert {metric[-1]["period"] for metric in hours["metrics"]} == {3600}


def test_drift_and_quality_show_weeks_beside_the_contracts_limits(graphs: dict[str, Any]) -> None:
    fields, accuracy = (
        graphs["Population stability index by field"],
        graphs["accuracy of the labelled rows"],
    )

    assert (fields["start"], accuracy["start"]) == ("-P28D", "-P28D")
    assert marks(fields) == {"matters from here on": 0.2}
    assert marks(accuracy) == {"at least": 0.8}


def test_what_a_contract_does_not_have_is_not_shown(
    render: Callable[..., Any], release_of: Callable[..., Release]
) -> None:
    rendered = render(lambda stack: ModelDashboard(stack, "Model", release=release_of()))

    said = str(rendered.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    assert "PopulationStabilityIndex" in said
    assert "Performance" not in said
    assert "WidestGap" not in said
    assert "Mlops/Batch" not in said


def test_without_a_drift_job_nothing_of_it_is_shown(
    render: Callable[..., Any], judged: Release
) -> None:
    spec = judged.model.model_dump(mode="json", by_alias=True)
    spec["monitoring"] = {"engine": "none"}
    release = replace(judged, model=ModelSpec.model_validate(spec))

    rendered = render(lambda stack: ModelDashboard(stack, "Model", release=release))

    said = str(rendered.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    assert "Mlops/Monitoring" not in said
    assert "-drift" not in said.replace("drift-alarms.md", "")


def test_every_alarm_that_it_shows_is_one_that_is_made(
    render: Callable[..., Any], body: dict[str, Any], judged: Release
) -> None:
    made = render(
        lambda stack: (
            OnCallAlarms(stack, "OnCall", release=judged),
            DriftAlarms(stack, "Drift", release=judged),
            BatchAlarms(stack, "Batch", release=judged, batch=judged.model.batch),
        )
    )
    names = {alarm["AlarmName"] for alarm in made.all("AWS::CloudWatch::Alarm")}
    names |= {judged.alarm_name(signal) for signal in judged.signals}

    (widget,) = [w for w in body["widgets"] if w["type"] == "alarm"]
    arns = widget["properties"]["alarms"]
    assert {arn.rpartition(":alarm:")[2] for arn in arns} == names
    assert {arn.rpartition(":alarm:")[0] for arn in arns} == {
        "arn:aws:cloudwatch:eu-west-1:400000000000"
    }


def test_the_text_names_owners_and_runbooks_that_exist(body: dict[str, Any]) -> None:
    text = body["widgets"][0]["properties"]["markdown"]

    runbooks = re.findall(r"docs/runbooks/[a-z-]+\.md", text)
    assert len(runbooks) == 4
    assert all((REPOSITORY / path).is_file() for path in runbooks)
    assert "science@example.com" in text
    assert "#churn" in text


def test_no_row_is_wider_than_the_grid(body: dict[str, Any]) -> None:
    assert all(w["x"] + w["width"] <= 24 for w in body["widgets"])
