"""Every curve is one that something publishes, and every line one that the contract draws."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops import metrics
from mlops.dashboards import (
    Metric,
    Panel,
    Search,
    Served,
    metrics_of,
    model_sections,
)
from mlops.dashboards.traffic_panels import INSTANCES
from mlops.metrics import BATCH, MONITORING, OwnMetric
from mlops.rollout.published import published as metric_of_requests

REPOSITORY = Path(__file__).parents[2]
REPORTING = REPOSITORY / "mlops/container/monitoring/reporting.py"
PUBLISHING = REPOSITORY / "constructs/mlops_handlers/monitoring/publish_drift.py"
FINDING = REPOSITORY / "constructs/mlops_handlers/batch/find_input.py"
CAPTURING = REPOSITORY / "constructs/mlops_handlers/batch/capture_batch.py"
PROBING = REPOSITORY / "constructs/mlops_handlers/rollout/prober.py"
OF_INSTANCES = {"CPUUtilization", "MemoryUtilization", "DiskUtilization"}
"""SageMaker Developer Guide, metrics of endpoints' instances."""


def panels(served: Served) -> dict[str, Panel]:
    return {panel.title: panel for section in model_sections(served) for panel in section.panels}


def marks(panel: Panel) -> dict[str, float]:
    return {mark.label: mark.value for mark in panel.marks}


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def named_in(path: Path) -> set[OwnMetric]:
    """The metrics that a publisher's source takes from the vocabulary."""
    names = {
        node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)
    }
    found = {getattr(metrics, name, None) for name in names}
    return {one for one in found if isinstance(one, OwnMetric)}


def published() -> set[tuple[str, str | None]]:
    """Names in the drift engine's and the publisher's source, with the further dimension of each.

    Read as text: the engine stands on libraries that only the models' images have.
    """
    found = {(one.name, one.by) for one in named_in(PUBLISHING)}
    for node in ast.walk(ast.parse(REPORTING.read_text())):
        if isinstance(node, ast.Dict):
            found |= {(text, None) for key in node.keys if key for text in texts(key)}
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MetricValue":
            found |= set(_call(node))
    return found


def _call(node: ast.Call) -> Iterator[tuple[str, str | None]]:
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    names = [arg.value for arg in given if isinstance(arg, ast.Constant)]
    keys = [key for arg in given if isinstance(arg, ast.Dict) for key in arg.keys if key]
    further = [text for key in keys for text in texts(key)]
    yield str(names[0]) if names else "", further[0] if further else None


def further(curve: Metric | Search) -> str | None:
    """The dimension beside the endpoint's name."""
    if isinstance(curve, Search):
        return curve.by
    return next((name for name in curve.dimensions if name != "EndpointName"), None)


def test_the_drift_job_publishes_every_metric_that_is_shown_of_it(served: Served) -> None:
    shown = {
        (curve.name, further(curve))
        for curve in metrics_of(model_sections(served))
        if curve.namespace == MONITORING
    }

    assert shown <= published()
    assert ("PopulationStabilityIndex", "Field") in shown


def test_sagemaker_publishes_every_metric_that_is_shown_of_the_endpoint(served: Served) -> None:
    for curve in metrics_of(model_sections(served)):
        if curve.namespace == INSTANCES:
            assert curve.name in OF_INSTANCES
        elif curve.namespace != MONITORING:
            assert curve.name == "InvocationsPerInstance" or metric_of_requests(
                curve.namespace, curve.name
            )


def test_the_probers_metric_has_the_dimensions_under_which_it_is_searched(served: Served) -> None:
    (curve,) = panels(served)["Share of wrong answers to probes, by version"].curves

    assert isinstance(curve, Search)
    (probed,) = named_in(PROBING)
    assert curve.name == probed.name
    assert {str(curve.by), *curve.dimensions} == probed.dimensions


def test_lines_are_drawn_where_the_contract_has_them(served: Served) -> None:
    shown = panels(served)

    assert marks(shown["Requests per minute"]) == {"expected by the contract": 90}
    assert marks(shown["Model latency"]) == {"objective of the p99": 40_000}
    assert marks(shown["Model latency p99 by release"]) == {"rolls back": 60_000}
    assert marks(shown["Population stability index by field"]) == {"matters from here on": 0.15}
    assert marks(shown["accuracy of the labelled rows"]) == {"at least": 0.8}
    assert marks(shown["brier of the labelled rows"]) == {"at most": 0.2}
    assert marks(shown["Most that a gap is wider than at release"]) == {"tolerated": 0.07}
    assert marks(shown["Instances"]) == {"smallest fleet": 2, "largest fleet": 6}


def test_processor_time_is_beside_all_cores_of_the_machine(served: Served) -> None:
    assert marks(panels(served)["CPU, all cores of an instance"]) == {"alarm": 4 * 85}


def test_a_contract_without_labels_and_groups_has_no_panels_of_them(
    served_of: Callable[..., Served],
) -> None:
    plain = served_of(monitoring={}, problem={"type": "binary-classification", "target": "left"})

    titles = [section.title for section in model_sections(plain)]
    assert titles == ["Callers", "Releases", "Instances", "Drift", "Cost"]


@pytest.mark.parametrize(
    ("engine", "names"),
    [
        ("drift-job", {"Runs", "Files", "EmptyFiles", "Rows"}),
        ("none", {"Runs", "Files", "EmptyFiles"}),
    ],
)
def test_batches_are_shown_of_a_model_that_scores_them(
    served_of: Callable[..., Served], engine: str, names: set[str]
) -> None:
    batched = served_of(batch={"on_new_input": True}, monitoring={"engine": engine})

    shown = [c for c in metrics_of(model_sections(batched)) if c.namespace == BATCH]
    assert {curve.name for curve in shown} == names
    assert [c.dimensions for c in shown if isinstance(c, Metric)] == len(names) * [
        {"PipelineName": "acme-prod-churn-batch"}
    ]


def test_batch_runs_publish_every_metric_that_is_shown_of_them(
    served_of: Callable[..., Served],
) -> None:
    found = {one.name for one in named_in(CAPTURING) | named_in(FINDING)}

    shown = metrics_of(model_sections(served_of(batch={"on_new_input": True})))
    assert {curve.name for curve in shown if curve.namespace == BATCH} <= found


def test_a_model_that_nobody_looks_at_has_no_panels_of_drift(
    served_of: Callable[..., Served],
) -> None:
    blind = served_of(monitoring={"engine": "none"})

    namespaces = {curve.namespace for curve in metrics_of(model_sections(blind))}
    assert MONITORING not in namespaces
