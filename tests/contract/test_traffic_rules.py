"""Whatever the contract accepts reaches a verdict in a quiet hour, in every stage."""

import ast
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st

from mlops.contract import CanarySpec, ContractError, Platform, Problem, load_platform
from mlops.rollout import Evidence, Outcome, ReleaseTraffic, State, judge
from mlops.rollout.traffic import QUIET_SHARE
from mlops_handlers.rollout.canary_traffic import CanaryBake, invocations_in

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 1, tzinfo=UTC)
STRATEGIES = ("all-at-once", "canary", "linear", "rolling")
_PROBED_SECONDS = 45
"""The prober is done before the minute is."""
Changed = Callable[[str, str, str], list[Problem]]


def _shares(canary: CanarySpec) -> Iterator[float]:
    """The new fleet's share, minute by minute, from the first shift to the end."""
    size, policy = canary.size_percent, canary.policy
    steps = {"all-at-once": [], "canary": [size]}.get(canary.strategy, range(size, 100, size))
    for percent in steps:
        yield from [percent / 100] * policy.bake_minutes
    yield from [1.0] * policy.final_bake_minutes


def _moments(
    rng: random.Random, traffic: ReleaseTraffic, *, callers_share: float, minutes: int
) -> Iterator[float]:
    """When each request of a quiet hour leaves, in minutes; callers come at random."""
    for minute in range(minutes):
        for number in range(traffic.probes_per_minute):
            yield minute + number * _PROBED_SECONDS / traffic.probes_per_minute / 60
    rate = traffic.callers_per_minute * callers_share
    moment = rng.expovariate(rate) if rate else minutes
    while moment < minutes:
        yield moment
        moment += rng.expovariate(rate)


def quiet_release(
    canary: CanarySpec, traffic: ReleaseTraffic, *, callers_share: float, seed: int
) -> Outcome:
    """The release check's verdict on a good version that nobody but the prober cares for."""
    rng, shares = random.Random(seed), list(_shares(canary))
    shift, new, both = rng.random(), Counter[datetime](), Counter[datetime]()
    for moment in _moments(rng, traffic, callers_share=callers_share, minutes=len(shares) + 1):
        minute = START + timedelta(minutes=int(moment))
        baked = int(moment - shift) if moment >= shift else None
        both[minute] += 1
        if baked is not None and rng.random() < shares[min(baked, len(shares) - 1)]:
            new[minute] += 1
    policy = canary.policy
    bake = CanaryBake(share=policy.watched_share, length=timedelta(minutes=policy.watched_minutes))
    evidence = Evidence(
        requested_release="r2",
        live_release="r2",
        endpoint_status="InService",
        alarm_states={"quiet": State.OK},
        canary_invocations=invocations_in(bake, new=new, both=both),
        minimum_invocations=canary.minimum_invocations,
    )
    return judge(evidence).outcome


CANARIES = st.fixed_dictionaries(
    {
        "strategy": st.sampled_from(STRATEGIES),
        "size_percent": st.integers(1, 50),
        "bake_minutes": st.integers(6, 20),
        "final_bake_minutes": st.integers(6, 20),
        "minimum_invocations": st.one_of(st.integers(1, 30), st.integers(1, 3000)),
    }
)


OVERRIDES = st.fixed_dictionaries(
    {},
    optional={
        "minimum_invocations": st.integers(1, 2000),
        "size_percent": st.integers(5, 50),
        "bake_minutes": st.integers(6, 20),
    },
)
ENDPOINTS = st.fixed_dictionaries(
    {
        "expected_requests_per_minute": st.one_of(st.integers(1, 100), st.integers(1, 5000)),
        "stage_requests_per_minute": st.fixed_dictionaries(
            {}, optional={"dev": st.integers(0, 3000)}
        ),
        "canary": CANARIES,
    }
)


@given(written=ENDPOINTS, overrides=OVERRIDES, seed=st.integers(0, 10_000))
# A failing example is small enough as it is; each one reads a repository.
@settings(phases=[Phase.generate])
def test_what_is_accepted_reaches_a_verdict_in_a_quiet_hour(
    repository: Path,
    valid_files: dict[str, str],
    written: dict[str, object],
    overrides: dict[str, int],
    seed: int,
) -> None:
    model = valid_files["model_code/bike_demand/model.yaml"].partition("endpoint:\n")[0]
    (repository / "model_code/bike_demand/model.yaml").write_text(
        f"{model}endpoint: {json.dumps(written)}\n"
    )
    stages = valid_files["config/stages.yaml"]
    (repository / "config/stages.yaml").write_text(
        stages.replace("{bake_minutes: 15}", json.dumps(overrides))
    )
    try:
        platform = load_platform(repository)
    except ContractError:
        reject()

    endpoint = platform.models[0].endpoint
    for each in platform.stages.stages:
        asked = each.canary.applied_to(endpoint.canary)
        traffic = platform.stages.release_traffic(each, endpoint)
        outcome = quiet_release(asked, traffic, callers_share=QUIET_SHARE, seed=seed)
        assert outcome is Outcome.HEALTHY, (each.name, asked, traffic)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    root = tmp_path_factory.mktemp("sample")
    shutil.copytree(ROOT / "tests" / "sample" / "config", root / "config")
    ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
    model = Path("model_code") / "bike_demand"
    shutil.copytree(ROOT / model, root / model, ignore=ignored)
    return load_platform(root, model="bike-demand")


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
@pytest.mark.parametrize("seed", range(20))
def test_the_sample_configuration_needs_no_caller_at_all(
    sample: Platform, stage: str, seed: int
) -> None:
    stages, endpoint = sample.stages, sample.models[0].endpoint
    where = stages.stage(stage)

    outcome = quiet_release(
        where.canary.applied_to(endpoint.canary),
        stages.release_traffic(where, endpoint),
        callers_share=0.0,
        seed=seed,
    )

    assert outcome is Outcome.HEALTHY


def test_a_minimum_out_of_reach_is_refused_with_figures_and_remedy(changed: Changed) -> None:
    found = changed("model.yaml", "canary: {", "canary: {minimum_invocations: 5000, ")

    dev, prod = (one for one in found if one.key == "endpoint.canary.minimum_invocations")
    assert "0 requests a minute of callers" in dev.problem
    assert "at most 600 probes bring a canary of 10% about 600 requests within 10 minutes" in (
        dev.problem
    )
    assert dev.allowed == "1 to 400"
    assert dev.remedy == "use 400 or less in model.yaml, or a larger share or a longer bake"
    # A quarter of 300 callers and 600 probes, a tenth of which within 15 minutes.
    assert "about 1012 requests" in prod.problem
    assert prod.allowed == "1 to 675"


def test_a_stages_own_minimum_is_refused_where_it_is_written(changed: Changed) -> None:
    (found,) = changed("stages.yaml", "{bake_minutes: 15}", "{minimum_invocations: 9999}")

    assert found.remedy.startswith("use 450 or less in stages.prod.canary in config/stages.yaml")


def test_the_largest_minimum_that_is_offered_is_accepted(changed: Changed) -> None:
    assert changed("model.yaml", "canary: {", "canary: {minimum_invocations: 400, ") == []


# These size a fleet, and its load check, for what the last stage will bring.
SIZED_FOR_THE_LAST_STAGE = {"endpoint_scaling.py", "check_plan.py"}


def test_nothing_else_takes_the_last_stages_traffic_for_its_own_stages() -> None:
    readers = {
        path.name
        for room in (ROOT / "mlops", ROOT / "constructs" / "mlops_constructs", ROOT / "stacks")
        for path in room.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "expected_requests_per_minute"
    }

    assert readers == SIZED_FOR_THE_LAST_STAGE | {"stage_spec.py"}
