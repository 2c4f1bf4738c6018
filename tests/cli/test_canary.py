import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from mlops.contract import load_platform
from mlops.rollout import Target, forecast

ROOT = Path(__file__).resolve().parents[2]
Mlops = Callable[..., Result]
PROD = "{size_percent: 50, bake_minutes: 15}"


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _model(repository: Path) -> Path:
    return repository / "model_code" / "bike_demand" / "model.yaml"


def test_a_plan_prints_the_table_and_writes_the_page(mlops: Mlops, repository: Path) -> None:
    result = mlops("canary", "plan", "bike-demand", "--stage", "prod")

    assert result.exit_code == 0, result.output
    assert "reaches the target of 80.0 %" in result.output
    assert " 50 %  15 min       2 %  25 min" in result.output
    page = repository / ".mlops" / "reports" / "canary-plan" / "bike-demand-prod.html"
    assert f"page: {page}" in result.output
    assert page.read_text().startswith("<!doctype html>")
    assert list(page.parent.iterdir()) == [page]


def test_the_documentations_figures_are_the_commands(mlops: Mlops) -> None:
    blocks = (ROOT / "docs" / "concepts" / "canary.md").read_text().split("```")
    command, figures = blocks[1].strip(), blocks[3].strip().splitlines()

    result = mlops(*shlex.split(command.removeprefix("mlops ")))

    assert len(figures) == 5
    for line in figures:
        assert line.strip() in result.output


def test_the_page_goes_where_it_is_asked_for(mlops: Mlops, tmp_path: Path) -> None:
    wanted = tmp_path / "deep" / "plan.html"

    result = mlops("canary", "plan", "bike-demand", "--stage", "dev", "--html", str(wanted))

    assert result.exit_code == 0
    assert "bike-demand in dev" in wanted.read_text()


def test_a_key_that_the_stage_overrides_is_patched_in_the_stage(
    mlops: Mlops, repository: Path
) -> None:
    _edit(repository / "config" / "stages.yaml", PROD, "{bake_minutes: 15}")

    result = mlops("canary", "plan", "bike-demand", "--stage", "prod")

    model, _, stages = result.output.partition("# config/stages.yaml")
    assert "endpoint:\n  canary:\n    size_percent: 30\n" in model
    assert "bake_minutes" not in model.partition("# model.yaml")[2]
    assert "stages:\n  prod:\n    canary:\n      bake_minutes: 6\n" in stages


def test_the_patch_applied_reaches_the_target(mlops: Mlops, repository: Path) -> None:
    stages = repository / "config" / "stages.yaml"
    _edit(stages, PROD, "{size_percent: 5, bake_minutes: 6}")
    first = mlops("canary", "plan", "bike-demand", "--stage", "prod", "--json")
    found = json.loads(first.stdout)
    assert "size_percent" in found["patch"]
    assert found["cheapest"]["wait_minutes"] == found["configured"]["wait_minutes"]

    told = mlops("canary", "plan", "bike-demand", "--stage", "prod").output
    _edit(
        stages,
        "{size_percent: 5, bake_minutes: 6}",
        json.dumps({"bake_minutes": 6} | found["patch"]),
    )
    result = mlops("canary", "plan", "bike-demand", "--stage", "prod")

    assert "waits as long" in told

    assert result.exit_code == 0, result.output
    assert "no cheaper canary reaches it as calmly" in result.output
    assert "# model.yaml" not in result.output


@pytest.mark.parametrize("model", ["bike-demand"])
@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_every_stage_of_the_sample_obeys_the_plans_own_advice(
    mlops: Mlops, model: str, stage: str
) -> None:
    result = mlops("canary", "plan", model, "--stage", stage)

    assert "the configured canary reaches the target" in result.output
    assert "would roll back" not in result.output


def test_a_stage_that_nobody_calls_is_planned_with_its_probes(
    mlops: Mlops, repository: Path
) -> None:
    result = mlops("canary", "plan", "bike-demand", "--stage", "dev")

    assert result.exit_code == 0
    page = repository / ".mlops" / "reports" / "canary-plan" / "bike-demand-dev.html"
    assert "0 requests of callers and 210 probes per minute" in page.read_text().lower()


def test_the_plan_reckons_with_the_probes_that_are_synthesized(repository: Path) -> None:
    platform = load_platform(repository, model="bike-demand")
    endpoint = platform.models[0].endpoint

    for stage in platform.stages.stages:
        setting = endpoint.canary_setting(stage.canary.applied_to(endpoint.canary))
        traffic = platform.stages.release_traffic(stage, endpoint)
        planned = setting.requests_per_minute(traffic.callers_per_minute)
        assert planned == traffic.per_minute


def test_thin_traffic_is_told_what_would_help(mlops: Mlops) -> None:
    result = mlops("canary", "plan", "bike-demand", "--stage", "prod", "--requests-per-minute", "2")

    assert "misses the target" in result.output
    assert "at about 6 requests of callers per minute" in result.output


def test_a_model_far_faster_than_its_objective_is_told_that_its_alarm_sleeps(mlops: Mlops) -> None:
    result = mlops("canary", "plan", "bike-demand", "--stage", "prod", "--latency-p99-ms", "5")

    assert "misses the target" in result.output
    assert "look at the latency alarm" in result.output


def test_the_servings_own_errors_and_the_target_are_taken_into_account(
    mlops: Mlops, repository: Path
) -> None:
    _edit(repository / "config" / "stages.yaml", PROD, "{size_percent: 5}")
    result = mlops(
        "canary", "plan", "bike-demand", "--stage", "prod",
        "--error-percent", "1", "--target-percent", "99.9",
    )  # fmt: skip

    assert "misses the target of 99.9 %" in result.output
    assert "would roll back" in result.output


def test_errors_in_service_that_no_threshold_can_bear_are_told(mlops: Mlops) -> None:
    result = mlops(
        "canary", "plan", "bike-demand", "--stage", "prod",
        "--error-percent", "3", "--target-percent", "50",
    )  # fmt: skip

    assert "reaches the target of 50.0 %" in result.output
    assert "no allowed share, bake or threshold reaches it as calmly\n" in result.output


def test_all_at_once_is_planned_by_its_final_bake(mlops: Mlops, repository: Path) -> None:
    _edit(repository / "config" / "stages.yaml", PROD, "{strategy: all-at-once}")

    result = mlops("canary", "plan", "bike-demand", "--stage", "prod", "--json")

    found = json.loads(result.stdout)
    assert found["assumed"]["strategy"] == "all-at-once"
    assert found["configured"]["wait_minutes"] == found["assumed"]["final_bake_minutes"]
    assert found["configured"]["reaches_target"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bike-demand", "--stage", "moon"), "no stage 'moon'; use dev, staging, prod"),
        (("bike-demand",), "Missing option '--stage'"),
        (
            ("bike-demand", "--stage", "dev", "--requests-per-minute", "-1"),
            "-1.0 is not in the range",
        ),
        (("bike-demand", "--stage", "dev", "--target-percent", "100"), "100.0 is not in the range"),
        (("bike-demand", "--stage", "dev", "--html", "."), "is a directory"),
    ],
)
def test_a_mistake_on_the_command_line_is_told(
    mlops: Mlops, arguments: tuple[str, ...], said: str
) -> None:
    result = mlops("canary", "plan", *arguments)

    assert result.exit_code == 2
    assert said in result.output


def test_a_page_that_cannot_be_written_leaves_no_half(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wanted = str(tmp_path / "file" / "plan.html")

    result = mlops("canary", "plan", "bike-demand", "--stage", "dev", "--html", wanted)

    assert result.exit_code == 1
    assert f"cannot write {wanted}" in result.output


def test_the_contract_speaks_the_words_of_the_plan(repository: Path) -> None:
    platform = load_platform(repository, model="bike-demand")
    endpoint, prod = platform.models[0].endpoint, platform.stages.stage("prod")

    setting = endpoint.canary_setting(prod.canary.applied_to(endpoint.canary))
    callers = platform.stages.callers_per_minute(prod, endpoint)
    expectation = endpoint.canary_expectation(callers_per_minute=callers, instances=2)

    assert setting.policy.bake_minutes == 15
    assert setting.latency_p99_ms == 300
    assert (setting.error_ratio, setting.model_error_ratio) == (0.02, 0.02)
    assert expectation.requests_per_minute == 300
    assert expectation.latency_p99_ms == 200
    assert forecast(setting, expectation, Target()).reaches(Target())
