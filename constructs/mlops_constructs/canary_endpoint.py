"""The endpoint that people call; its name outlives every release."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs.deployment_config import deployment_config
from mlops_constructs.release import Release
from mlops_constructs.rollback_alarms import RollbackAlarms


class CanaryEndpoint(Construct):
    """Releases a config behind a canary and keeps the live number of instances.

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
        )
        # Named and not referred to, so the order has to be said: an alarm that does not exist yet
        # would let the update begin unwatched.
        for alarm in alarms.alarms:
            self.endpoint.add_resource_dependency(alarm)
