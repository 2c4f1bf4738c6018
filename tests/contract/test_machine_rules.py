from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem

Changed = Callable[[str, str, str], list[Problem]]


def _both_stages(changed: Changed, instance_type: str) -> list[Problem]:
    changed("stages.yaml", "instance_type: ml.m5.large", f"instance_type: {instance_type}")
    return changed("stages.yaml", "instance_type: ml.m5.large", f"instance_type: {instance_type}")


def test_a_burstable_tier_that_grows_is_refused_with_the_services_reason(changed: Changed) -> None:
    found = _both_stages(changed, "ml.t2.medium")

    assert {problem.key for problem in found} == {"endpoint.scaling"}
    assert all("SageMaker scales no burstable instances" in problem.problem for problem in found)


def test_a_burstable_tier_without_scaling_is_taken(changed: Changed) -> None:
    _both_stages(changed, "ml.t2.medium")

    assert changed("model.yaml", "  canary: {", "  scaling: {enabled: false}\n  canary: {") == []


def test_a_burstable_tier_of_one_size_is_taken_whatever_scales(changed: Changed) -> None:
    _both_stages(changed, "ml.t2.medium")
    changed("stages.yaml", "max_instances: 4", "max_instances: 2")

    assert changed("stages.yaml", "max_instances: 8", "max_instances: 2") == []


def test_a_models_own_accelerator_needs_its_own_image(changed: Changed, repository: Path) -> None:
    found = changed("model.yaml", "  canary: {", "  instance_type: ml.g5.xlarge\n  canary: {")
    (repository / "model_code/bike_demand/Dockerfile").write_text("FROM cuda\n")

    assert {problem.key for problem in found} == {"endpoint.instance_type"}
    assert changed("model.yaml", "Demand per hour", "Demand") == []


def test_a_models_own_type_is_what_scales(changed: Changed) -> None:
    found = changed("model.yaml", "  canary: {", "  instance_type: ml.t2.medium\n  canary: {")

    assert {problem.got for problem in found} == {"'ml.t2.medium'"}


def test_a_tier_with_an_accelerator_needs_an_image_of_the_models_own(
    changed: Changed, repository: Path
) -> None:
    found = _both_stages(changed, "ml.g5.xlarge")
    (repository / "model_code/bike_demand/Dockerfile").write_text("FROM cuda\n")

    assert {problem.key for problem in found} == {"endpoint.tier"}
    assert changed("model.yaml", "Demand per hour", "Demand") == []


@pytest.mark.parametrize("instance_type", ["ml.c6g.large", "ml.r8g.large"])
def test_no_image_of_ones_own_makes_an_arm64_type_work(
    changed: Changed, repository: Path, instance_type: str
) -> None:
    (repository / "model_code/bike_demand/Dockerfile").write_text("FROM cuda\n")

    found = changed("model.yaml", "  canary: {", f"  instance_type: {instance_type}\n  canary: {{")

    assert [problem.key for problem in found] == ["endpoint.instance_type"]
