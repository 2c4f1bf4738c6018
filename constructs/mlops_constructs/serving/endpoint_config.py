"""What a fleet is made of: one variant, its machines, what is captured and measured."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops.contract.instance_types import has_instance_store
from mlops_constructs.release import VARIANT, Release
from mlops_constructs.serving.served_model import keep_replaced, release_tags

_Config = sagemaker.CfnEndpointConfig


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
        self._release = release
        self._key = key
        self.config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[self._variant(model)],
            # Disks of some types are encrypted by hardware, and SageMaker refuses a key for them.
            kms_key_id=None if has_instance_store(release.instance_type) else key.key_arn,
            data_capture_config=self._capture(),
            metrics_config=_minute_metrics(),
            tags=release_tags(release),
        )
        keep_replaced(self.config)

    def _variant(
        self, model: sagemaker.CfnModel
    ) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        return _Config.ProductionVariantProperty(
            variant_name=VARIANT,
            model_name=model.attr_model_name,
            instance_type=self._release.instance_type,
            initial_instance_count=self._release.capacity.min_instances,
            initial_variant_weight=1,
        )

    def _capture(self) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty | None:
        release = self._release
        capture = release.model.endpoint.capture
        if not capture.enabled:
            return None
        bucket = release.site.names.capture_bucket(release.site.stage)
        return _Config.DataCaptureConfigProperty(
            enable_capture=True,
            initial_sampling_percentage=capture.sampling_percent,
            destination_s3_uri=f"s3://{bucket}/{release.model.name}",
            kms_key_id=self._key.key_arn,
            capture_options=[
                _Config.CaptureOptionProperty(capture_mode=side) for side in ("Input", "Output")
            ],
            # What is not listed is stored in base64.
            capture_content_type_header=_Config.CaptureContentTypeHeaderProperty(
                csv_content_types=["text/csv"], json_content_types=["application/json"]
            ),
        )


def _minute_metrics() -> sagemaker.CfnEndpointConfig.MetricsConfigProperty:
    """Stated, because SageMaker switches a paid extra on for every new config."""
    return _Config.MetricsConfigProperty(
        enable_detailed_observability=False,
        enable_enhanced_metrics=False,
        metric_publish_frequency_in_seconds=60,
    )
