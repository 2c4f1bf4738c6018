"""The endpoint that people call; its name outlives every release."""

from typing import Final

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs.release import Release
from mlops_constructs.rollout.rollback_alarms import RollbackAlarms
from mlops_constructs.serving.deployment_config import deployment_config

_INSTANCES: Final = sagemaker.CfnEndpoint.VariantPropertyProperty(
    variant_property_type="DesiredInstanceCount"
)


class CanaryEndpoint(Construct):
    """Releases a config behind a canary; its instances are what scaling or else the stage says.

    An update keeps what runs where the fleet follows its traffic, and not where it is fixed: there
    the live number would outlive every change of the stage's capacity. Data capture is among the
    properties that SageMaker may keep, and the API does not support leaving it out.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VariantProperty.html

    The first creation is no canary: SageMaker applies the deployment settings to updates only.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        config: sagemaker.CfnEndpointConfig,
        alarms: RollbackAlarms,
    ) -> None:
        super().__init__(scope, id_)
        names = [release.alarm_name(signal) for signal in release.signals]
        self.endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=release.endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=deployment_config(release.canary.policy, alarms=names),
            retain_all_variant_properties=True,
            exclude_retained_variant_properties=None if release.scaled else [_INSTANCES],
        )
        # Named and not referred to, so the order has to be said: an alarm that does not exist yet
        # would let the update begin unwatched.
        for alarm in alarms.alarms:
            self.endpoint.add_resource_dependency(alarm)
