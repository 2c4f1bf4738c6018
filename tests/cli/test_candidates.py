"""What a commit brings to a stage, with the stage before that has to have proved it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.checks.deployment import Deployment, Proof
from mlops.cli.candidates import deployment_of, stage_before
from mlops.cli.execution_policy import accounts, policies
from mlops.contract import Platform, ReleasesSpec, load_platform


class Ways:
    """Access that says which account it leads to."""

    def reading(self, stage: Any) -> Any:
        return stage.name

    def repositories(self) -> Any:
        return "delivery"


@pytest.fixture(scope="module")
def platform(root: Path) -> Platform:
    return load_platform(root)


@pytest.fixture
def into(platform: Platform) -> Callable[..., Deployment]:
    def deployed(stage: str, **changed: Any) -> Deployment:
        ways: Any = Ways()
        return deployment_of(replace(platform, **changed), platform.stages.stage(stage), ways)

    return deployed


def test_a_version_is_looked_up_where_each_of_its_parts_is(
    into: Callable[..., Deployment],
) -> None:
    found = into("prod")

    assert (found.here, found.before, found.registry) == ("prod", "staging", "dev")
    assert found.repositories == "delivery"
    (candidate,) = found.candidates
    assert candidate.package.endswith(":222222222222:model-package/mlops-bike-demand/1")
    assert candidate.proof == Proof(
        parameter="/mlops/staging/bike-demand/release-record",
        stage="staging",
        endpoint="mlops-staging-bike-demand",
        alarms="mlops-staging-bike-demand-rollback-",
    )
    assert candidate.alarms == "mlops-prod-bike-demand-rollback-"
    assert (candidate.instance_type, candidate.min_instances) == ("ml.m5.large", 2)


def test_the_first_stage_has_no_proof_to_show(into: Callable[..., Deployment]) -> None:
    found = into("dev")

    assert found.before is None
    assert found.candidates[0].proof is None


def test_images_of_a_commit_matter_where_pipelines_run_them(
    into: Callable[..., Deployment],
) -> None:
    (image,) = into("dev").images

    assert image.repository == "mlops/bike-demand"
    assert len(image.tag) == 16
    assert into("staging").images == ()


def test_what_is_not_pinned_is_no_candidate(into: Callable[..., Deployment]) -> None:
    assert into("prod", releases=ReleasesSpec()).candidates == ()


def test_stages_promote_in_their_order(platform: Platform) -> None:
    stages = {stage.name: stage for stage in platform.stages.stages}

    assert stage_before(platform, stages["dev"]) is None
    assert stage_before(platform, stages["prod"]) == stages["staging"]


def test_cloudformations_role_is_held_against_what_is_printed_for_its_account(
    into: Callable[..., Deployment], platform: Platform
) -> None:
    found = into("prod").execution

    (account,) = (one for one in accounts(platform.stages) if one.account == "444444444444")
    assert found.name == "cdk-hnb659fds-cfn-exec-role-444444444444-eu-west-1"
    assert list(found.policies) == policies(account)
