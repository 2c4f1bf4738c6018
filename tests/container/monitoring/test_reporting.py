import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mlops.container.monitoring import (
    Baseline,
    Limit,
    Outcome,
    Result,
    Settings,
    Truth,
    analyse,
    metric_values,
    observe,
    read_labels,
    report,
    to_text,
    violations,
)
from mlops.metrics import ENDPOINT, MONITORING, OWN_METRICS

Line = Callable[..., bytes]
OUTCOME = Outcome(problem="regression", prediction="demand")
MODEL_MONITORS = {
    "data_type_check", "completeness_check", "baseline_drift_check", "missing_column_check",
    "extra_column_check", "categorical_values_check",
}  # fmt: skip


def _label(n: int) -> bytes:
    content = {
        "groundTruthData": {"data": f"{n}", "encoding": "CSV"},
        "eventMetadata": {"eventId": f"e{n}"},
    }
    return json.dumps(content).encode()


@pytest.fixture
def result(baseline: Baseline, capture: Line) -> Result:
    """A window in which everything is wrong."""
    lines = []
    for n in range(700):
        row: dict[str, Any] = {
            "temperature": 60.0 if n % 2 else None,
            "weekday": "Sun",
            "holiday": "no",
            "colour": "red",
        }
        lines.append(capture(row, {"demand": 500.0 + n % 50}, event=f"e{n}"))
    truth = Truth(
        labels=read_labels([_label(n) for n in range(400)], OUTCOME, Counter()), outcome=OUTCOME
    )
    settings = Settings(limits=(Limit(metric="rmse", comparison="at_most", threshold=35.0),))
    observation = observe(lines, baseline, truth=truth)
    return analyse(observation, baseline, settings, truth=truth, expected_requests=700)


def test_the_report_is_json_with_the_same_bytes_every_time(result: Result) -> None:
    about = {"model": "bike-demand", "stage": "prod"}
    text = to_text(report(result, about))
    content = json.loads(text)

    assert text == to_text(report(result, about))
    assert content["schema"] == 1
    assert content["about"] == about
    assert content["verdict"] == "alarm"
    assert [check["name"] for check in content["checks"]] == [
        "reading", "traffic", "contract", "inputs", "predictions", "performance",
    ]  # fmt: skip
    assert content["traffic"]["requests"] == 700
    assert content["performance"]["coverage"]["labelled_rows"] == 400
    by_name = {field["name"]: field for field in content["fields"]}
    assert by_name["demand"]["role"] == "output"
    assert by_name["hour"]["shape"] is None
    assert by_name["weekday"]["unseen_values"] == [{"value": "Sun", "rows": 700}]


def test_what_is_no_number_becomes_null() -> None:
    content = {"a": [math.nan, 1.5, {"b": math.inf}]}

    assert json.loads(to_text(content)) == {"a": [None, 1.5, {"b": None}]}


def test_violations_have_model_monitors_form_and_words(result: Result) -> None:
    content = violations(result)

    assert set(content) == {"violations"}
    for violation in content["violations"]:
        assert set(violation) == {"feature_name", "constraint_check_type", "description"}
        assert violation["constraint_check_type"] in MODEL_MONITORS
    found = {(v["feature_name"], v["constraint_check_type"]) for v in content["violations"]}
    assert {
        ("hour", "missing_column_check"),
        ("colour", "extra_column_check"),
        ("holiday", "data_type_check"),
        ("temperature", "data_type_check"),
        ("temperature", "completeness_check"),
        ("temperature", "baseline_drift_check"),
        ("weekday", "categorical_values_check"),
        ("weekday", "baseline_drift_check"),
        ("demand", "baseline_drift_check"),
    } <= found


def test_a_quiet_window_has_no_violation(
    baseline: Baseline, table: Callable[..., Any], capture: Line
) -> None:
    drawn = table(600, 2)
    lines = [
        capture(
            {name: drawn[name][n] for name in ("temperature", "hour", "weekday", "holiday")},
            {"demand": drawn["demand"][n]},
            event=f"e{n}",
        )
        for n in range(600)
    ]

    quiet = analyse(observe(lines, baseline), baseline, Settings())

    assert violations(quiet) == {"violations": []}
    assert {value.name: value.value for value in metric_values(quiet)}["Alarms"] == 0


def test_every_figure_is_named_as_the_platform_looks_for_it(result: Result) -> None:
    known = {one.name: one for one in OWN_METRICS if one.namespace == MONITORING}

    for value in metric_values(result):
        metric = known[value.name]
        # The endpoint's dimension is added by who publishes.
        assert value.unit == metric.unit
        assert set(value.dimensions or {}) == metric.dimensions - {ENDPOINT}


def test_metric_values_are_ready_to_be_published(result: Result) -> None:
    values = metric_values(result)
    plain = {value.name: value.value for value in values if not value.dimensions}
    by_field = {
        value.dimensions["Field"]: value.value for value in values if "Field" in value.dimensions
    }

    assert plain["Requests"] == plain["Rows"] == 700
    # The temperature, the weekday, and the hour that is gone; of the holiday nothing can be said.
    assert plain["DriftingInputs"] == 3
    assert plain["DriftingPredictions"] == 1
    assert plain["ContractBreaches"] == 5
    assert plain["LabelledShare"] == pytest.approx(400 / 700)
    assert plain["Inconclusive"] == 0
    assert set(by_field) == {"temperature", "weekday", "demand"}
    assert by_field["demand"] > 1
    (rmse,) = [v.value for v in values if v.dimensions == {"Metric": "rmse"}]
    assert rmse > 100
    assert all(math.isfinite(value.value) for value in values)
    assert {value.unit for value in values} == {"Count", "None"}
