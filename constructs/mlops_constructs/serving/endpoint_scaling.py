"""A fleet that follows its traffic."""

import math
from typing import Final

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs.release import VARIANT, Release

_HEADROOM: Final = 1.5


class EndpointScaling(Construct):
    """Target tracking on requests per instance, within the stage's bounds.

    SageMaker suspends it while a release is under way, so the bounds leave the canary its share.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        endpoint: sagemaker.CfnEndpoint,
    ) -> None:
        super().__init__(scope, id_)
        target = scaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            # The attribute, not the name: the target must go before its endpoint does.
            resource_id=f"endpoint/{endpoint.attr_endpoint_name}/variant/{VARIANT}",
            min_capacity=release.capacity.min_instances,
            max_capacity=release.capacity.max_instances,
        )
        scaling.CfnScalingPolicy(
            self,
            "Policy",
            policy_name=f"{release.endpoint_name}-requests",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=_tracking(release),
        )


def requests_per_instance(release: Release) -> int:
    """The tracked number of requests per instance and minute: the given one, or with headroom."""
    endpoint = release.model.endpoint
    given = endpoint.scaling.invocations_per_instance_per_minute
    expected = endpoint.expected_requests_per_minute / release.capacity.min_instances
    return given or math.ceil(expected * _HEADROOM)


def _tracking(
    release: Release,
) -> scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty:
    spec = release.model.endpoint.scaling
    return scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
        target_value=requests_per_instance(release),
        predefined_metric_specification=(
            scaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                predefined_metric_type="SageMakerVariantInvocationsPerInstance"
            )
        ),
        scale_in_cooldown=spec.scale_in_cooldown_seconds,
        scale_out_cooldown=spec.scale_out_cooldown_seconds,
    )
