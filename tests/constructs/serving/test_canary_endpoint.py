"""An endpoint that moves in steps and is watched from the first of them."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.rollout.rollback_alarms import RollbackAlarms
from mlops_constructs.serving.canary_endpoint import CanaryEndpoint
from mlops_constructs.serving.endpoint_scaling import EndpointScaling, requests_per_instance

ROOM = {"instance_type": "ml.m5.large", "min_instances": 2, "max_instances": 8}


def _canary(stack: Any, release: Release) -> Any:
    from aws_cdk import aws_sagemaker as sagemaker

    config = sagemaker.CfnEndpointConfig(stack, "Config", production_variants=[])
    alarms = RollbackAlarms(stack, "Rollback", release=release, config=config)
    return CanaryEndpoint(stack, "Canary", release=release, config=config, alarms=alarms).endpoint


@pytest.fixture(scope="module")
def built(render: Callable[..., Any], release_of: Callable[..., Release]) -> Any:
    def build(stack: Any) -> None:
        release = release_of(capacity=ROOM)
        endpoint = _canary(stack, release)
        EndpointScaling(stack, "Scaling", release=release, endpoint=endpoint)

    return render(build)


def test_the_endpoints_name_outlives_releases(built: Any) -> None:
    assert built.only("AWS::SageMaker::Endpoint")["EndpointName"] == "acme-prod-churn"


def test_a_release_keeps_the_number_of_instances_that_scaling_chose(built: Any) -> None:
    endpoint = built.only("AWS::SageMaker::Endpoint")

    assert endpoint["RetainAllVariantProperties"] is True
    assert "ExcludeRetainedVariantProperties" not in endpoint


@pytest.mark.parametrize("fixed", [{}, {"capacity": ROOM, "scaling": {"enabled": False}}])
def test_a_fixed_fleet_gets_the_number_of_instances_that_its_stage_states(
    fixed: dict[str, Any], render: Callable[..., Any], release_of: Callable[..., Release]
) -> None:
    endpoint = render(lambda stack: _canary(stack, release_of(**fixed))).only(
        "AWS::SageMaker::Endpoint"
    )

    excluded = endpoint["ExcludeRetainedVariantProperties"]
    assert excluded == [{"VariantPropertyType": "DesiredInstanceCount"}]


def test_fixing_a_fleet_is_a_release_of_its_own(release_of: Callable[..., Release]) -> None:
    fixed = release_of(capacity=ROOM, scaling={"enabled": False})

    assert fixed.hash != release_of(capacity=ROOM).hash


def test_the_endpoint_waits_for_every_alarm_that_it_names(built: Any) -> None:
    endpoint = built.resource("AWS::SageMaker::Endpoint")

    rollback = endpoint["Properties"]["DeploymentConfig"]["AutoRollbackConfiguration"]
    named = {entry["AlarmName"] for entry in rollback["Alarms"]}
    waited = {built.resources[id_]["Properties"]["AlarmName"] for id_ in endpoint["DependsOn"]}
    assert named == waited
    assert 1 <= len(named) <= 10


def test_scaling_waits_for_the_endpoint_and_keeps_the_tiers_bounds(built: Any) -> None:
    target = built.only("AWS::ApplicationAutoScaling::ScalableTarget")

    parts = target["ResourceId"]["Fn::Join"][1]
    assert parts[0] == "endpoint/"
    assert parts[1]["Fn::GetAtt"][1] == "EndpointName"
    assert parts[2] == "/variant/AllTraffic"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 8)


def test_scaling_follows_the_requests_per_instance(built: Any) -> None:
    policy = built.only("AWS::ApplicationAutoScaling::ScalingPolicy")

    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    }
    assert (tracking["TargetValue"], tracking["ScaleInCooldown"]) == (225, 300)


def test_a_given_rate_per_instance_is_tracked_as_given(release_of: Callable[..., Release]) -> None:
    release = release_of(scaling={"invocations_per_instance_per_minute": 40})

    assert requests_per_instance(release) == 40


def test_scaling_needs_room_and_consent(release_of: Callable[..., Release]) -> None:
    assert release_of(capacity=ROOM).scaled
    assert not release_of().scaled
    assert not release_of(capacity=ROOM, scaling={"enabled": False}).scaled
