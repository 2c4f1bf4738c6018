"""What a stage is made of, and what its settings change."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import (
    ContractError,
    Network,
    Platform,
    ReleasesSpec,
    StageSpec,
    load_platform,
)
from mlops.pipeline import ModelSource, load_source
from stacks.stage import MlopsStage, asked_stages

NETWORK = Network(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-0123456789abcdef0",),
    security_group_ids=("sg-0123456789abcdef0",),
)


@pytest.fixture(scope="module")
def platform(root: Path) -> Platform:
    return load_platform(root)


@pytest.fixture(scope="module")
def sources(
    root: Path, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> list[ModelSource]:
    build = tmp_path_factory.mktemp("build")
    return [load_source(platform, model, build) for model in platform.models]


@pytest.fixture(scope="module")
def stage_of(
    platform: Platform, sources: list[ModelSource], cdk_context: dict[str, Any]
) -> Callable[[StageSpec], MlopsStage]:
    import aws_cdk as cdk

    def stage(spec: StageSpec) -> MlopsStage:
        app = cdk.App(context=cdk_context, builtin_cloud_formation_validation=False)
        return MlopsStage(app, stage=spec, platform=platform, sources=sources, commit="c0ffee")

    return stage


def templates(stage: MlopsStage) -> dict[str, dict[str, Any]]:
    return {stack.stack_name: stack.template for stack in stage.synth().stacks}


def roles(stage: MlopsStage) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for template in templates(stage).values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]


def test_a_stage_that_trains_has_the_registry_and_a_stack_per_model(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    stage = stage_of(platform.stages.training)

    assert sorted(templates(stage)) == [
        "mlops-dev-bike-demand-batch",
        "mlops-dev-bike-demand-monitoring",
        "mlops-dev-bike-demand-release-check",
        "mlops-dev-bike-demand-serving",
        "mlops-dev-bike-demand-training",
        "mlops-dev-checks",
        "mlops-dev-foundation",
        "mlops-dev-overview",
        "mlops-dev-registry",
    ]


def test_every_other_stage_has_the_foundation_and_what_is_pinned_for_it(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    assert sorted(templates(stage_of(platform.stages.stage("prod")))) == [
        "mlops-prod-bike-demand-batch",
        "mlops-prod-bike-demand-monitoring",
        "mlops-prod-bike-demand-release-check",
        "mlops-prod-bike-demand-serving",
        "mlops-prod-checks",
        "mlops-prod-foundation",
        "mlops-prod-overview",
    ]


def test_the_checks_come_after_every_release_was_judged(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    stacks = stage_of(platform.stages.stage("prod")).synth().stacks

    checks = next(s for s in stacks if s.stack_name.endswith("prod-checks"))
    judged = {s.id for s in stacks if s.stack_name.endswith("release-check")}
    assert judged
    assert judged <= {dependency.id for dependency in checks.dependencies}


def test_a_stage_that_asks_for_no_checks_has_none(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    spec = platform.stages.stage("prod").model_copy(update={"checks": ()})

    assert "mlops-prod-checks" not in templates(stage_of(spec))


def test_one_model_alone_has_no_checks_since_they_span_all(
    platform: Platform, sources: list[ModelSource], cdk_context: dict[str, Any]
) -> None:
    import aws_cdk as cdk

    app = cdk.App(context=cdk_context, builtin_cloud_formation_validation=False)
    partial = replace(platform, model_names=(*platform.model_names, "another"))
    spec = platform.stages.stage("prod")

    stage = MlopsStage(app, stage=spec, platform=partial, sources=sources, commit="c0ffee")

    assert "mlops-prod-checks" not in templates(stage)


def test_where_no_version_is_pinned_nothing_is_served(
    platform: Platform, sources: list[ModelSource], cdk_context: dict[str, Any]
) -> None:
    import aws_cdk as cdk

    app = cdk.App(context=cdk_context, builtin_cloud_formation_validation=False)
    unreleased = replace(platform, releases=ReleasesSpec())
    spec = platform.stages.stage("prod")

    stage = MlopsStage(app, stage=spec, platform=unreleased, sources=sources, commit="c0ffee")

    assert sorted(templates(stage)) == ["mlops-prod-foundation"]


def by_hand(platform: Platform) -> Platform:
    """The platform with people who pin in every stage."""
    stages = [s.model_copy(update={"promotion": "by-hand"}) for s in platform.stages.stages]
    return replace(platform, stages=platform.stages.model_copy(update={"stages": tuple(stages)}))


def test_where_people_pin_in_every_stage_nobody_is_let_in_for_the_automation(
    platform: Platform, sources: list[ModelSource], cdk_context: dict[str, Any]
) -> None:
    import aws_cdk as cdk

    app = cdk.App(context=cdk_context, builtin_cloud_formation_validation=False)
    alone = by_hand(platform)

    stage = MlopsStage(
        app, stage=alone.stages.training, platform=alone, sources=sources, commit="c0ffee"
    )

    named = [role["RoleName"] for role in roles(stage) if "RoleName" in role]
    assert [name for name in named if "-release-" in name] == []


def test_the_check_comes_after_what_it_checks(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    stacks = stage_of(platform.stages.stage("prod")).synth().stacks

    check = next(s for s in stacks if s.stack_name.endswith("release-check"))
    serving = next(s for s in stacks if s.stack_name.endswith("serving"))
    assert serving.id in {dependency.id for dependency in check.dependencies}


def test_stacks_deploy_after_what_they_stand_on(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    stacks = stage_of(platform.stages.training).synth().stacks

    order = {s.stack_name: {d.id for d in s.dependencies if "assets" not in d.id} for s in stacks}
    foundation, registry = (
        next(s.id for s in stacks if s.stack_name.endswith(name))
        for name in ("foundation", "registry")
    )
    assert order["mlops-dev-registry"] == {foundation}
    assert order["mlops-dev-bike-demand-training"] == {foundation, registry}


def test_stacks_go_to_the_stages_account_and_region(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    stacks = stage_of(platform.stages.training).synth().stacks

    places = {(s.environment.account, s.environment.region) for s in stacks}
    assert places == {("222222222222", "eu-west-1")}


def test_a_permissions_boundary_bounds_every_role(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    bounded = platform.stages.training.model_copy(update={"permissions_boundary": "guard"})

    found = roles(stage_of(bounded))

    assert found
    assert {str(role["PermissionsBoundary"]) for role in found} == {
        "arn:aws:iam::222222222222:policy/guard"
    }


def test_without_a_boundary_no_role_has_one(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    found = roles(stage_of(platform.stages.training))

    assert [role for role in found if "PermissionsBoundary" in role] == []


def test_the_stages_tags_are_on_what_can_be_tagged(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    spec = platform.stages.training.model_copy(update={"tags": {"cost-centre": "42"}})

    found = roles(stage_of(spec))

    assert [role["Tags"] for role in found] == [[{"Key": "cost-centre", "Value": "42"}]] * len(
        found
    )


def test_a_network_reaches_the_jobs_and_their_roles(
    stage_of: Callable[[StageSpec], MlopsStage], platform: Platform
) -> None:
    spec = platform.stages.training.model_copy(update={"network": NETWORK})

    training = str(templates(stage_of(spec))["mlops-dev-bike-demand-training"])

    assert "subnet/subnet-0123456789abcdef0" in training
    assert "VpcConfig" in training


def test_without_a_filter_every_stage_is_asked_for(platform: Platform) -> None:
    assert asked_stages(platform.stages, None) == platform.stages.stages


def test_one_stage_is_found_by_its_name(platform: Platform) -> None:
    assert [stage.name for stage in asked_stages(platform.stages, "prod")] == ["prod"]


def test_an_unknown_stage_is_refused_with_the_known_ones(platform: Platform) -> None:
    with pytest.raises(ContractError, match="allowed: dev, staging, prod"):
        asked_stages(platform.stages, "production")
