"""Every model of a stage has a row, and a way to its own dashboard."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mlops_constructs.dashboards.fleet_dashboard import FleetDashboard
from mlops_constructs.release import Release


@pytest.fixture(scope="module")
def widgets(
    render: Callable[..., Any], release_of: Callable[..., Release], shown: Callable[..., Any]
) -> list[dict[str, Any]]:
    churn = release_of()
    fraud = replace(churn, model=churn.model.model_copy(update={"name": "fraud"}))
    rendered = render(
        lambda stack: FleetDashboard(stack, "Fleet", site=churn.site, releases=[churn, fraud])
    )
    dashboard = rendered.only("AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == "acme-prod-overview"
    found: list[dict[str, Any]] = shown(dashboard)["widgets"]
    return found


def test_every_model_has_the_same_panels(widgets: list[dict[str, Any]]) -> None:
    titles = [w["properties"]["title"] for w in widgets if w["type"] == "metric"]

    assert titles == 2 * [
        "Requests per minute", "Share of requests that fail", "Model latency",
        "Checks that alarm",
    ]  # fmt: skip


def test_panels_are_those_of_the_rows_own_model(widgets: list[dict[str, Any]]) -> None:
    traffic = [
        w["properties"]["metrics"][0][3]
        for w in widgets
        if w["properties"].get("title") == "Requests per minute"
    ]

    assert traffic == ["acme-prod-churn", "acme-prod-fraud"]


def test_each_model_is_one_click_away(widgets: list[dict[str, Any]]) -> None:
    text = widgets[0]["properties"]["markdown"]

    assert "#dashboards/dashboard/acme-prod-model-churn)" in text
    assert "#dashboards/dashboard/acme-prod-model-fraud)" in text


def test_alarms_of_all_models_are_seen_at_once(widgets: list[dict[str, Any]]) -> None:
    (alarms,) = [w["properties"]["alarms"] for w in widgets if w["type"] == "alarm"]

    names = [arn.rpartition(":")[2] for arn in alarms]
    assert "acme-prod-churn-drift" in names
    assert "acme-prod-fraud-oncall-latency" in names
    assert not any("-rollback-" in name for name in names)


def test_alarms_are_shown_in_widgets_that_cloudwatch_takes(
    render: Callable[..., Any], release_of: Callable[..., Release], shown: Callable[..., Any]
) -> None:
    """100 alarms each: API reference of CloudWatch, body of a dashboard."""
    churn = release_of()
    fleet = [
        replace(churn, model=churn.model.model_copy(update={"name": f"churn-{n}"}))
        for n in range(20)
    ]
    rendered = render(lambda stack: FleetDashboard(stack, "Fleet", site=churn.site, releases=fleet))

    widgets = shown(rendered.only("AWS::CloudWatch::Dashboard"))["widgets"]
    alarms = [w["properties"]["alarms"] for w in widgets if w["type"] == "alarm"]
    assert len(alarms) > 1
    assert all(len(listed) <= 100 for listed in alarms)
    assert {name for listed in alarms for name in listed} >= {
        "arn:aws:cloudwatch:eu-west-1:400000000000:alarm:acme-prod-churn-0-drift",
        "arn:aws:cloudwatch:eu-west-1:400000000000:alarm:acme-prod-churn-19-drift",
    }
