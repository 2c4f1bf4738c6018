"""Every model has a row."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.dashboards.training_dashboard import TrainingDashboard
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def widgets(render: Callable[..., Any], site_of: Callable[..., Site]) -> list[dict[str, Any]]:
    rendered = render(
        lambda stack: TrainingDashboard(
            stack, "Training", site=site_of("dev"), models=["churn", "fraud"]
        )
    )
    dashboard = rendered.only("AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == "acme-dev-training"
    body: dict[str, list[dict[str, Any]]] = json.loads(dashboard["DashboardBody"])
    return body["widgets"]


def test_a_row_shows_executions_beside_their_duration(widgets: list[dict[str, Any]]) -> None:
    places = [(w["properties"]["title"], w["x"], w["y"]) for w in widgets]

    assert places == [
        ("churn: executions", 0, 0),
        ("churn: duration", 12, 0),
        ("fraud: executions", 0, 5),
        ("fraud: duration", 12, 5),
    ]


def test_metrics_are_those_of_the_models_pipeline(widgets: list[dict[str, Any]]) -> None:
    metrics = widgets[0]["properties"]["metrics"]

    assert [metric[1] for metric in metrics] == [
        "ExecutionSucceeded",
        "ExecutionFailed",
        "ExecutionStopped",
    ]
    assert {tuple(metric[2:4]) for metric in metrics} == {("PipelineName", "acme-churn-training")}
