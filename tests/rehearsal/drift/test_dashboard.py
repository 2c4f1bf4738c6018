"""What the drift job published is on the panels of CloudWatch's dashboard."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.dashboards import Served
from mlops.rehearsal.drift import report
from mlops.rehearsal.drift.dashboard import dashboard, recorded
from mlops.rehearsal.drift.results import DriftRehearsal

ENDPOINT = "mlops-prod-tiny"


def point(name: str, value: float, **more: str) -> dict[str, Any]:
    return {
        "namespace": "Mlops/Monitoring",
        "name": name,
        "dimensions": {"EndpointName": ENDPOINT} | more,
        "value": value,
    }


@pytest.fixture
def rehearsal(tmp_path: Path, a_period: Any, served: Served) -> DriftRehearsal:
    return DriftRehearsal(
        id="abc", model="tiny", stage="prod", fault="none", story="the replay alone",
        began="2026-01-01 00:00:00 UTC", unit="RMSE of rentals", served=served,
        periods=(
            a_period("2012-01", points=(
                point("PopulationStabilityIndex", 0.02, Field="heat"),
                point("Performance", 41.0, Metric="rmse"),
            )),
            a_period("2012-02", points=(point("PopulationStabilityIndex", 0.4, Field="heat"),)),
        ),
        objections=(), seconds=12.0, report=tmp_path / "report",
    )  # fmt: skip


def test_a_metric_is_one_curve_over_the_periods(rehearsal: DriftRehearsal) -> None:
    index, performance = recorded(rehearsal.periods)

    assert index.points == ((0.0, 0.02), (1.0, 0.4))
    assert performance.points == ((0.0, 41.0),)


def test_drift_and_quality_are_drawn_and_the_endpoints_own_metrics_are_not(
    rehearsal: DriftRehearsal,
) -> None:
    page = dashboard(rehearsal)

    drawn = re.findall(r"<figcaption>([^(]*) \(", page)
    assert drawn == ["Population stability index by field", "All metrics of the labelled rows"]
    assert "heat: 0.4" in page
    assert "2012-02" in page
    assert "<li>Callers: Requests per minute, " in page.partition("Not measured in")[2]


def test_it_lies_beside_the_report(rehearsal: DriftRehearsal) -> None:
    report.write(rehearsal)

    assert (rehearsal.report / "dashboard.html").read_text() == dashboard(rehearsal)


def test_one_period_alone_is_drawn(rehearsal: DriftRehearsal) -> None:
    alone = replace(rehearsal, periods=rehearsal.periods[:1])

    assert "heat: 0.02" in dashboard(alone)
