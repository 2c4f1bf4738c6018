import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from mlops.cli.plan_settings import PlanSettings, effective
from mlops.contract import ContractError
from mlops.rollout import AlarmWindow, Arrivals, CanaryPolicy, Expectation, Setting, Target

ROOT = Path(__file__).resolve().parents[2]
PLAN = ("canary", "plan", "bike-demand", "--stage", "prod", "--json")
Mlops = Callable[..., Result]
GIVEN = {
    "strategy": "linear", "size_percent": 20, "bake_minutes": 22, "final_bake_minutes": 23,
    "instances": 4, "period_seconds": 120, "evaluation_periods": 5, "datapoints_to_alarm": 1,
    "settle_periods": 2, "error_ratio": 0.03, "model_error_ratio": 0.04,
    "latency_alarm_ms": 250.0, "requests_per_minute": 77.5, "rate_variation": 0.4,
    "probes_per_minute": 33, "minimum_invocations": 44, "error_percent": 0.2,
    "errors_together": 3, "latency_p99_ms": 120.0, "tail_ratio": 5.0, "added_error_points": 2.0,
    "wrong_answer_points": 30.0,
    "latency_factor": 1.7, "target_percent": 70.0, "false_rollback_percent": 9.0,
}  # fmt: skip


def test_a_key_decides_what_the_plan_assumes() -> None:
    assert set(GIVEN) == set(PlanSettings.model_fields)
    plain = Setting(
        policy=CanaryPolicy(), window=AlarmWindow(), error_ratio=0.5, model_error_ratio=0.5,
        latency_p99_ms=1,
    )  # fmt: skip
    expected = Expectation(requests_per_minute=1, latency_p99_ms=1)
    given = PlanSettings(**GIVEN)

    setting, expectation = given.setting(plain), given.expectation(expected)
    target = given.target(Target())

    assert setting.policy == CanaryPolicy(
        strategy="linear", size_percent=20, bake_minutes=22, final_bake_minutes=23
    )
    assert setting.window == AlarmWindow(
        period_seconds=120, evaluation_periods=5, datapoints_to_alarm=1
    )
    assert (setting.error_ratio, setting.model_error_ratio) == (0.03, 0.04)
    assert (setting.latency_p99_ms, setting.probes_per_minute(77.5)) == (250, 33)
    assert expectation.arrivals == Arrivals(rate_variation=0.4, errors_together=3)
    assert (expectation.instances, expectation.settle_periods) == (4, 2)
    assert (expectation.error_ratio, expectation.tail_ratio) == (0.002, 5)
    assert target == Target(
        detection=0.7,
        false_rollback=0.09,
        added_error_ratio=0.02,
        wrong_answer_ratio=0.3,
        latency_factor=1.7,
    )
    assert effective(setting, expectation, target).model_dump() == GIVEN


def test_what_a_plan_assumed_may_be_given_to_it_again(mlops: Mlops, tmp_path: Path) -> None:
    first = json.loads(mlops(*PLAN, "--requests-per-minute", "123").stdout)
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(first["assumed"]))

    again = json.loads(mlops(*PLAN, "--settings", str(path)).stdout)
    other = json.loads(mlops(*PLAN, "--settings", str(path), "--set", "errors_together=5").stdout)

    assert again == first
    assert other["assumed"] == {**first["assumed"], "errors_together": 5}
    assert "probes_per_minute" not in first["assumed"]
    assert first["probes_per_minute"] == 20
    assert other["configured"]["errors_caught"] < first["configured"]["errors_caught"]


def test_every_mistake_is_told_at_once_with_its_file(mlops: Mlops, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"instances": "two", "probes": 3}))

    result = mlops(*PLAN, "--settings", str(path))

    assert isinstance(result.exception, ContractError)
    assert len(result.exception.problems) == 2
    told = str(result.exception)
    assert f"{path}:1: instances: " in told
    assert "got 'two'; allowed: a whole number" in told
    assert "probes: unknown key; allowed: strategy, size_percent" in told


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("size_percent", "--set: size_percent: has no value"),
        ("tail_ratio=1", "--set: tail_ratio: input should be greater than 1"),
        ("strategy=fast", "--set: strategy: input should be 'all-at-once'"),
        ("bake_minutes=2", "settings of the plan: bake_minutes: shorter than the alarm needs"),
        ("size_percent=60", "settings of the plan: size_percent: SageMaker refuses this share"),
    ],
)
def test_a_wrong_assignment_is_told(mlops: Mlops, assignment: str, said: str) -> None:
    result = mlops(*PLAN, "--set", assignment)

    assert isinstance(result.exception, ContractError)
    assert said in str(result.exception)


def test_a_file_that_is_not_there_is_told(mlops: Mlops) -> None:
    result = mlops(*PLAN, "--settings", "nowhere.json")

    assert result.exit_code == 2
    assert "'nowhere.json' does not exist" in result.output


def test_the_documentation_lists_every_key() -> None:
    text = (ROOT / "docs" / "concepts" / "canary.md").read_text("utf-8")
    _, _, section = text.partition("## Assume something else")
    keys = re.findall(r"`([a-z0-9_]+)`", section.partition("\n## ")[0].partition("| keys |")[2])

    assert set(keys) == set(PlanSettings.model_fields)
    assert len(keys) == len(set(keys))


def test_what_is_not_given_stays_the_contracts() -> None:
    setting = Setting(
        policy=CanaryPolicy(), window=AlarmWindow(), error_ratio=0.5, model_error_ratio=0.5,
        latency_p99_ms=1,
    )  # fmt: skip
    expectation = Expectation(requests_per_minute=1, latency_p99_ms=1)

    assert PlanSettings().setting(setting) == setting
    assert PlanSettings().expectation(expectation) == expectation
    assert PlanSettings().target(Target()) == Target()
    assert PlanSettings(instances=7).expectation(expectation) == replace(expectation, instances=7)
