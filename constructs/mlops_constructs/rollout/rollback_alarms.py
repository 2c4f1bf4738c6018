"""Alarms that roll a release back: fresh ones for each release, on its own fleet."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.rollout import Signal
from mlops_constructs.properties import CONFIG, Properties, arguments, filled
from mlops_constructs.release import Release


class RollbackAlarms(Construct):
    """One metric alarm per signal; each tells people as well when it turns red."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        config: sagemaker.CfnEndpointConfig,
    ) -> None:
        super().__init__(scope, id_)
        self._config = config
        deployed = zip(release.signals, release.deployed.alarms, strict=True)
        self.alarms = [self._alarm(signal, properties) for signal, properties in deployed]

    def _alarm(self, signal: Signal, properties: Properties) -> cloudwatch.CfnAlarm:
        known = filled(properties, {CONFIG: self._config.attr_endpoint_config_name})
        id_ = "".join(part.capitalize() for part in signal.key.split("-"))
        return cloudwatch.CfnAlarm(self, id_, **arguments(known))
