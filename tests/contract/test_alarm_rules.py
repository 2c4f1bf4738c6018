"""Every setting of a canary's alarms is taken, or refused once and at its key."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mlops.contract import CanarySpec, ContractError, EndpointSpec, Problem, load_platform
from mlops.contract.alarm_rules import judged_signals

Changed = Callable[[str, str, str], list[Problem]]
BLOCK = "{size_percent: 10"
DATAPOINTS = "endpoint.canary.alarms.datapoints_to_alarm"
EDGES = {
    "period_seconds": (60, 300),
    "evaluation_periods": (1, 2, 3, 10),
    "datapoints_to_alarm": (1, 2, 3, 10),
    "error_ratio": (5e-324, 0.02, 0.5, 0.99, 0.9999999999999999),
    "model_error_ratio": (5e-324, 0.02, 0.5, 0.99, 0.9999999999999999),
    "client_error_ratio": (5e-324, 0.02, 0.5, 0.99, 0.9999999999999999),
    "latency_p99_ms": (None, 5e-324, 750, 60_000),
    "metrics": (
        [{"name": "stale", "namespace": "Bikes/Serving", "metric": "Stale", "threshold": 0.5}],
        [{"name": "stale", "namespace": "Bikes/Serving", "metric": "Stale", "threshold": 1e308}],
    ),
}
RATIOS = ("error_ratio", "model_error_ratio", "client_error_ratio")
ALARMS = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in EDGES.items()}
)
CANARIES = st.fixed_dictionaries(
    {"alarms": ALARMS},
    optional={
        "strategy": st.sampled_from(("all-at-once", "canary", "linear", "rolling")),
        "size_percent": st.sampled_from((1, 5, 10, 50, 51, 100)),
        "bake_minutes": st.sampled_from((1, 10, 60)),
        "final_bake_minutes": st.sampled_from((1, 10, 60)),
        "timeout_minutes": st.sampled_from((1, 480, 481, 10**30)),
        "minimum_invocations": st.sampled_from((1, 100, 10**30)),
    },
)
OVERRIDES = CANARIES.map(lambda canary: {k: v for k, v in canary.items() if k != "alarms"})


@given(canary=CANARIES, overrides=OVERRIDES)
@settings(phases=[Phase.generate], max_examples=150)
def test_no_setting_of_a_canary_ends_in_a_traceback(
    repository: Path,
    valid_files: dict[str, str],
    canary: dict[str, object],
    overrides: dict[str, object],
) -> None:
    model = valid_files["model_code/bike_demand/model.yaml"].partition("  canary:")[0]
    (repository / "model_code/bike_demand/model.yaml").write_text(
        f"{model}  canary: {json.dumps(canary)}\n"
    )
    stages = valid_files["config/stages.yaml"]
    (repository / "config/stages.yaml").write_text(
        stages.replace("{bake_minutes: 15}", json.dumps(overrides))
    )

    with contextlib.suppress(ContractError):  # whatever else is raised fails the test
        load_platform(repository)


@pytest.mark.parametrize("strategy", ["canary", "all-at-once"])
@pytest.mark.parametrize(
    ("alarms", "got"),
    [
        ("{evaluation_periods: 1}", "2"),
        ("{evaluation_periods: 1, datapoints_to_alarm: 2}", "2"),
        ("{evaluation_periods: 2, datapoints_to_alarm: 3}", "3"),
    ],
)
def test_more_bad_periods_than_an_alarm_looks_at_are_refused_in_one_sentence(
    changed: Changed, strategy: str, alarms: str, got: str
) -> None:
    block = f"{{strategy: {strategy}, alarms: {alarms}, size_percent: 10"

    (found,) = changed("model.yaml", BLOCK, block)

    assert (found.key, found.got, found.level) == (DATAPOINTS, got, "error")
    assert found.allowed == ("1" if "periods: 1" in alarms else "1 to 2")


@pytest.mark.parametrize("key", RATIOS)
def test_a_ratio_that_no_failing_fleet_exceeds_is_refused_once(changed: Changed, key: str) -> None:
    (found,) = changed("model.yaml", BLOCK, f"{{alarms: {{{key}: 0.99}}, size_percent: 10")

    assert (found.key, found.level) == (f"endpoint.canary.alarms.{key}", "error")
    assert "protects nothing" in found.problem
    assert "latency" not in found.remedy
    assert "0.02" in found.remedy


@pytest.mark.parametrize("key", RATIOS)
def test_a_ratio_that_overlooks_the_regression_is_a_warning(changed: Changed, key: str) -> None:
    (found,) = changed("model.yaml", BLOCK, f"{{alarms: {{{key}: 0.06}}, size_percent: 10")

    assert (found.key, found.level) == (f"endpoint.canary.alarms.{key}", "warning")


def test_a_threshold_of_latency_is_told_once(changed: Changed) -> None:
    found = changed("model.yaml", BLOCK, "{alarms: {latency_p99_ms: 60000}, size_percent: 10")

    assert [problem.level for problem in found] == ["error"]
    assert "latency" in found[0].remedy


def test_every_alarm_whose_threshold_the_contract_decides_is_judged() -> None:
    endpoint = EndpointSpec(expected_requests_per_minute=300, canary=CanarySpec())
    written = {key.split("_p99")[0] for key in EDGES if "ratio" in key or "latency" in key}

    assert {key.split("_p99")[0] for key, _ in judged_signals(endpoint)} == written


def test_neither_a_refused_window_nor_a_wrong_value_hides_a_threshold(changed: Changed) -> None:
    alarms = "evaluation_periods: 1, model_error_ratio: high, client_error_ratio: 0.99"

    found = changed("model.yaml", BLOCK, f"{{alarms: {{{alarms}}}, size_percent: 10")

    keys = {problem.key.rpartition(".")[2] for problem in found}
    assert keys == {"datapoints_to_alarm", "model_error_ratio", "client_error_ratio"}
