"""The endpoint config of a release: one variant, its machines, what is captured and measured."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs.properties import KEY, MODEL, arguments, filled
from mlops_constructs.release import Release
from mlops_constructs.serving.served_model import keep_replaced


class EndpointConfig(Construct):
    """An unnamed config; a replaced one is kept, since a rolled-back endpoint still runs it."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        release: Release,
        model: sagemaker.CfnModel,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        known = {MODEL: model.attr_model_name, KEY: key.key_arn}
        properties = arguments(filled(release.deployed.config, known))
        self.config = sagemaker.CfnEndpointConfig(self, "Config", **properties)
        keep_replaced(self.config)
