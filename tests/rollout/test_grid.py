"""The plan's figures against deployments that are simulated request by request, on a grid.

The simulation runs in the environment with numpy, and shares no code with the plan. A setting that
is outside its interval is simulated again with four times the runs, and once more with sixteen
times as many, which decide: of so many intervals of 95 % some miss by chance.
"""

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.cli.plan_settings import PlanSettings, refusals
from mlops.contract import load_platform
from mlops.rehearsal.local_aws.environment import ModelEnvironment
from mlops.rollout import (
    AlarmWindow,
    CanaryPolicy,
    Expectation,
    Forecast,
    Setting,
    Target,
    forecast,
)

ROOT = Path(__file__).resolve().parents[2]
SIMULATION = Path(__file__).with_name("simulation.py")
GRID = json.loads(Path(__file__).with_name("grid.json").read_text("utf-8"))
SETTINGS = {one["name"]: {**GRID["base"], **one} for one in GRID["settings"]}
RUNS, FEWEST_RUNS = 2000, 300
MORE = (1, 4, 16)
MOST_REQUESTS = 20_000_000
"""Of one kind of run; busy endpoints are simulated less often."""
PESSIMISM = 0.03
Simulate = Callable[[dict[str, Any], int], dict[str, float]]


@pytest.fixture(scope="session")
def simulate() -> Simulate:
    """Runs a setting so many times, and returns the part of them that was rolled back."""
    lock = ROOT / "requirements" / "monitoring.txt"
    python = ModelEnvironment(lock=lock, home=ROOT / ".mlops" / "envs").ensure(print)

    def simulated(setting: dict[str, Any], runs: int) -> dict[str, float]:
        done = subprocess.run(
            [str(python), str(SIMULATION)],
            input=json.dumps([{**setting, "runs": runs}]),
            capture_output=True,
            text=True,
            check=True,
        )
        [found] = json.loads(done.stdout)
        return found  # type: ignore[no-any-return]  # the program's own form

    return simulated


def planned(setting: dict[str, Any]) -> Forecast:
    """What the plan says, asked as on the command line."""
    given = PlanSettings(**{key: value for key, value in setting.items() if key != "name"})
    plain = Setting(
        policy=CanaryPolicy(),
        window=AlarmWindow(),
        error_ratio=0.5,
        model_error_ratio=0.5,
        latency_p99_ms=1,
    )
    expected = Expectation(requests_per_minute=1, latency_p99_ms=1)
    return forecast(given.setting(plain), given.expectation(expected), given.target(Target()))


def figures(found: Forecast) -> dict[str, float]:
    answers = {"wrong_answers_caught": found.answers.probability} if found.answers else {}
    return {
        "errors_caught": found.errors.probability,
        "latency_caught": found.latency.probability,
        "false_rollback": found.false_rollback,
        **answers,
    }


def runs_of(setting: dict[str, Any]) -> int:
    per_minute = setting["requests_per_minute"] + setting["probes_per_minute"]
    minutes = setting["bake_minutes"] + setting["final_bake_minutes"]
    if setting["strategy"] in ("linear", "rolling"):
        minutes = 100 // setting["size_percent"] * setting["bake_minutes"]
    return max(FEWEST_RUNS, min(RUNS, round(MOST_REQUESTS / max(1, per_minute * minutes))))


def interval(share: float, runs: int) -> tuple[float, float]:
    """Wilson's interval of 95 % (JASA 22, 1927)."""
    z = 1.959964
    middle = (share + z * z / (2 * runs)) / (1 + z * z / runs)
    half = z / (1 + z * z / runs) * math.sqrt(share * (1 - share) / runs + z * z / (4 * runs**2))
    return middle - half, middle + half


def misfits(plan: dict[str, float], simulated: dict[str, float], runs: int) -> dict[str, str]:
    """Figures that promise more than the runs hold, or more than three points less."""
    found = {}
    assert plan.keys() == simulated.keys()
    for name, promised in plan.items():
        low, high = interval(simulated[name], runs)
        caution = (
            promised - simulated[name] if name == "false_rollback" else (simulated[name] - promised)
        )
        if not low <= promised <= high and not 0 <= caution <= PESSIMISM:
            found[name] = f"{promised:.4f} planned, {low:.4f} to {high:.4f} simulated"
    return found


def test_the_grid_is_as_wide_as_it_claims() -> None:
    every = list(SETTINGS.values())

    assert len(every) >= 60
    rates = [one["requests_per_minute"] + one["probes_per_minute"] for one in every]
    assert (min(rates), max(rates)) == (2, 10_000)
    assert {one["strategy"] for one in every} == {"all-at-once", "canary", "linear", "rolling"}
    assert {1, 2, 3, 4} <= {one["instances"] for one in every}
    shares = {one["size_percent"] for one in every}
    assert min(shares) == 1
    assert max(shares) == 50
    assert {bool(one["rate_variation"]) for one in every} == {True, False}
    assert {one["errors_together"] > 1 for one in every} == {True, False}


def test_every_setting_of_the_grid_is_one_that_the_command_takes() -> None:
    for setting in SETTINGS.values():
        given = PlanSettings(**{key: value for key, value in setting.items() if key != "name"})

        assert given.model_fields_set >= set(GRID["base"])
        assert refusals(planned(setting).setting) == ()


PLATFORM = load_platform(ROOT)


@pytest.mark.parametrize("model", [model.name for model in PLATFORM.models])
@pytest.mark.parametrize("stage", [stage.name for stage in PLATFORM.stages.stages])
def test_every_shipped_canary_catches_the_regressions_and_spares_good_versions(
    model: str, stage: str
) -> None:
    """At the grid's rates of a good version, with the traffic of each stage."""
    endpoint, where = PLATFORM.model(model).endpoint, PLATFORM.stages.stage(stage)
    rates = ("error_percent", "tail_ratio", "rate_variation", "errors_together")
    given = PlanSettings(**{key: GRID["base"][key] for key in rates})
    expected = endpoint.canary_expectation(
        callers_per_minute=PLATFORM.stages.callers_per_minute(where, endpoint),
        instances=where.capacity[endpoint.tier].min_instances,
    )

    setting = given.setting(endpoint.canary_setting(where.canary.applied_to(endpoint.canary)))
    found = forecast(setting, given.expectation(expected), Target())

    assert found.detection >= 0.8
    assert found.false_rollback <= 0.05


@pytest.mark.full
@pytest.mark.sweep(cases=12)
@pytest.mark.parametrize("name", SETTINGS)
def test_the_plan_promises_no_more_than_simulated_deployments_keep(
    simulate: Simulate, name: str
) -> None:
    setting = SETTINGS[name]
    plan, runs = figures(planned(setting)), runs_of(setting)

    for times in MORE:
        found = misfits(plan, simulate(setting, times * runs), times * runs)
        if not found:
            break

    assert not found
