"""The plan says what the template says, in the words in which SageMaker will describe it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.checks.guardrails import guardrails_of
from mlops.contract import load_platform
from mlops.pipeline import ModelSource, load_source
from mlops_constructs.checks.check_plan import planned_guardrails, planned_release
from mlops_constructs.release import Release
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def released(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, ModelSource]:
    """The repository's own model in its last stage."""
    platform = load_platform(root)
    source = load_source(platform, platform.models[0], tmp_path_factory.mktemp("build"))
    site = Site(stage=platform.stages.stages[-1], names=platform.names)
    return Release(site=site, model=source.spec, version=1), source


def planned(released: tuple[Release, ModelSource], *, releases: int = 1) -> Any:
    release, source = released
    return planned_release(release, source, releases=releases)


@pytest.mark.parametrize("strategy", ["canary", "linear", "rolling", "all-at-once"])
def test_guardrails_are_those_that_the_template_asks_sagemaker_for(
    release_of: Callable[..., Release], strategy: str
) -> None:
    release = release_of(canary={"strategy": strategy, "size_percent": 20})

    rendered = release.deployed.endpoint["DeploymentConfig"]

    assert guardrails_of(rendered) == planned_guardrails(release)


def test_a_plan_names_the_release_and_who_may_call_it(
    released: tuple[Release, ModelSource],
) -> None:
    release, _ = released

    found = planned(released)

    assert found.release == release.hash
    assert found.package == release.package_arn
    assert found.endpoint == "mlops-prod-bike-demand"
    assert found.caller_role.endswith(":role/mlops-prod-bike-demand-caller")
    assert found.parameter == "/mlops/prod/bike-demand/endpoint-name"
    assert found.key == "alias/mlops-prod"


def test_examples_and_their_tolerance_are_the_contracts(
    released: tuple[Release, ModelSource], root: Path
) -> None:
    examples, promised = planned(released).examples, released[0].model.examples

    files = (root / "model_code" / "bike_demand" / "examples").glob("*.request.*")
    assert len(examples.cases) == len(list(files))
    assert examples.tolerance.relative == promised.relative_tolerance
    assert examples.tolerance.absolute == promised.absolute_tolerance
    assert examples.fields == ("demand", "demand_low", "demand_high")


def test_a_fleet_that_may_grow_is_scaled(released: tuple[Release, ModelSource]) -> None:
    fleet = planned(released).fleet

    assert (fleet.min_instances, fleet.max_instances, fleet.scaled) == (2, 8, True)


@pytest.mark.parametrize(("releases", "minutes"), [(1, 3.0), (60, 3.0), (80, 2.0), (140, 1.0)])
def test_many_models_are_loaded_for_a_shorter_time_each(
    released: tuple[Release, ModelSource], releases: int, minutes: float
) -> None:
    assert planned(released, releases=releases).traffic.minutes == minutes


def test_nothing_captured_is_nothing_planned(
    released: tuple[Release, ModelSource], release_of: Callable[..., Release]
) -> None:
    _, source = released
    release = release_of(capture={"enabled": False})

    assert planned_release(release, source, releases=1).capture is None


def test_hardware_that_encrypts_its_own_disks_gets_no_key(
    released: tuple[Release, ModelSource], release_of: Callable[..., Release]
) -> None:
    _, source = released
    release = release_of(instance_type="ml.g5.xlarge")

    assert planned_release(release, source, releases=1).encrypted_disks is False
