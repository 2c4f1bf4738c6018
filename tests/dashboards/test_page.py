"""The same panels, drawn over what a rehearsal measured."""

import re

import pytest

from mlops.dashboards import Board, Recorded, Served, dashboard_page, model_sections
from mlops.dashboards.chart import Axis

FLEET = {"EndpointName": "acme-prod-churn", "VariantName": "AllTraffic"}
OURS = {"EndpointName": "acme-prod-churn"}


def invocations(name: str, statistic: str, *values: float, **more: str) -> Recorded:
    return Recorded(
        namespace="AWS/SageMaker",
        name=name,
        dimensions=FLEET | more,
        statistic=statistic,
        points=tuple((float(at), value) for at, value in enumerate(values)),
    )


def index(field: str, *values: float) -> Recorded:
    return Recorded(
        namespace="Mlops/Monitoring",
        name="PopulationStabilityIndex",
        dimensions=OURS | {"Field": field},
        points=tuple((float(at), value) for at, value in enumerate(values)),
    )


def drawn(served: Served, *recorded: Recorded) -> str:
    board = Board(
        heading="<Board>",
        sections=model_sections(served),
        recorded=recorded,
        axis=Axis(end=2.0, ticks=[(0.0, "start"), (2.0, "end")]),
    )
    return dashboard_page("Churn & prod", [board])


def figure(page: str, title: str) -> str:
    found = re.search(rf"<figure[^>]*><figcaption>{re.escape(title)}.*?</figure>", page, re.DOTALL)
    assert found is not None, f"{title} is not drawn"
    return found[0]


def test_every_panel_is_there_drawn_or_in_a_line(served: Served) -> None:
    page = drawn(served, invocations("Invocations", "Sum", 90, 91, 92))

    for section in model_sections(served):
        for panel in section.panels:
            assert panel.title in page
    assert page.count("<figure") == 1
    unmeasured = page.partition("Not measured in this rehearsal")[2]
    assert "<li>Callers: Share of requests that fail, Model latency, Overhead latency</li>" in (
        unmeasured
    )
    assert "Requests per minute," not in unmeasured


def test_a_section_of_which_nothing_was_measured_has_no_heading(served: Served) -> None:
    page = drawn(served, index("age", 0.1))

    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == ["Drift", "Not measured in this rehearsal"]


def test_a_curve_is_the_metric_under_the_panels_statistic_only(served: Served) -> None:
    page = drawn(
        served,
        invocations("ModelLatency", "p99", 10_000, 20_000),
        invocations("ModelLatency", "Average", 1, 2),
    )

    latency = figure(page, "Model latency (")
    assert latency.count("<polyline") == 1
    assert "p99: 20,000" in latency
    assert "objective of the p99 40,000" in latency


def test_a_search_finds_every_metric_with_the_further_dimension(served: Served) -> None:
    page = drawn(served, index("age", 0.05, 0.3), index("income", 0.01, 0.02))

    fields = figure(page, "Population stability index")
    assert fields.count("<polyline") == 2
    assert "age: 0.3" in fields


def test_metrics_of_another_endpoint_are_not_shown(served: Served) -> None:
    other = Recorded(
        namespace="AWS/SageMaker", name="Invocations", statistic="Sum",
        dimensions=FLEET | {"EndpointName": "acme-prod-fraud"}, points=((0.0, 1.0),),
    )  # fmt: skip

    assert "<figure" not in drawn(served, other)


def test_stacked_releases_lie_on_each_other(served: Served) -> None:
    page = drawn(
        served,
        invocations("Invocations", "Sum", 80, 40, EndpointConfigName="old"),
        invocations("Invocations", "Sum", 10, 50, EndpointConfigName="new"),
    )

    shares = figure(page, "Requests per minute by release")
    assert "new: 90" in shares
    assert shares.count("new: 90") == 2


def test_a_quotient_is_taken_point_by_point(served: Served) -> None:
    page = drawn(
        served,
        invocations("Invocations", "Sum", 90, 90, 0),
        invocations("InvocationsPerInstance", "Sum", 30, 45, 0),
    )

    fleet, hours = figure(page, "Instances ("), figure(page, "Instance-hours")
    assert [f"instances: {n}" in fleet for n in (3, 2)] == [True, True]
    assert "instance-hours: 7" in hours


@pytest.mark.parametrize("text", ["<Board>", "Churn & prod"])
def test_texts_are_escaped(served: Served, text: str) -> None:
    assert text not in drawn(served, index("<age>", 0.1))
    assert "<age>" not in drawn(served, index("<age>", 0.1))


def test_the_page_needs_nothing_from_elsewhere(served: Served) -> None:
    page = drawn(served, index("age", 0.1))

    assert not re.search(r"https?://|<(script|link|img|iframe)|@import|url\(", page)
