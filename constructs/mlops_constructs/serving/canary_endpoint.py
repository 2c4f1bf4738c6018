"""The endpoint that people call; its name outlives every release."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs.properties import CONFIG, arguments, filled
from mlops_constructs.release import Release
from mlops_constructs.rollout.rollback_alarms import RollbackAlarms


class CanaryEndpoint(Construct):
    """Releases a config behind a canary; its instances are what scaling or else the stage says.

    The first creation is not a canary: SageMaker applies the deployment settings to updates only.
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
        known = {CONFIG: config.attr_endpoint_config_name}
        properties = arguments(filled(release.deployed.endpoint, known))
        self.endpoint = sagemaker.CfnEndpoint(self, "Endpoint", **properties)
        # Named and not referred to, so the order has to be said: an alarm that does not exist yet
        # would let the update begin unwatched.
        for alarm in alarms.alarms:
            self.endpoint.add_resource_dependency(alarm)
