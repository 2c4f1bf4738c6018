"""Model, endpoint config and endpoint of a release as CloudFormation properties."""

from collections.abc import Sequence

from mlops.contract.instance_types import has_instance_store
from mlops.rollout import CanaryPolicy
from mlops.rollout.release import ENDPOINT_TAG, RELEASE_TAG
from mlops_constructs.model_network import model_network
from mlops_constructs.properties import CONFIG, KEY, MODEL, RELEASE, ROLE, Properties, stated
from mlops_constructs.release_settings import VARIANT, ReleaseSettings


def served_model(release: ReleaseSettings) -> Properties:
    """A model made from the pinned package."""
    environment = {
        **release.proof,
        "MODEL_VERSION": str(release.version),
        # Carries every setting of the release into the model, so that any change of them
        # makes a new model, a new endpoint config and with it a canary: what an update to
        # the config in force does is not documented.
        "MODEL_RELEASE": RELEASE,
        **release.body_limit,
    }
    return stated(
        {
            "ExecutionRoleArn": ROLE,
            "Containers": [
                {"ModelPackageName": release.package_arn, "Environment": environment},
            ],
            "EnableNetworkIsolation": True,
            "VpcConfig": model_network(release.site),
            "Tags": _tags(release),
        }
    )


def endpoint_config(release: ReleaseSettings) -> Properties:
    """One variant, its machines, what is captured and measured."""
    return stated(
        {
            "ProductionVariants": [
                {
                    "VariantName": VARIANT,
                    "ModelName": MODEL,
                    "InstanceType": release.instance_type,
                    "InitialInstanceCount": release.capacity.min_instances,
                    "InitialVariantWeight": 1,
                }
            ],
            # Disks of some types are encrypted by hardware, and SageMaker refuses a key for them.
            "KmsKeyId": None if has_instance_store(release.instance_type) else KEY,
            "DataCaptureConfig": _capture(release),
            # Stated, because SageMaker switches a paid extra on for every new config.
            "MetricsConfig": {
                "EnableDetailedObservability": False,
                "EnableEnhancedMetrics": False,
                "MetricPublishFrequencyInSeconds": 60,
            },
            "Tags": _tags(release),
        }
    )


def _capture(release: ReleaseSettings) -> Properties | None:
    capture = release.model.endpoint.capture
    if not capture.enabled:
        return None
    bucket = release.site.names.capture_bucket(release.site.stage)
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": capture.sampling_percent,
        "DestinationS3Uri": f"s3://{bucket}/{release.model.name}",
        "KmsKeyId": KEY,
        "CaptureOptions": [{"CaptureMode": side} for side in ("Input", "Output")],
        # What is not listed is stored in base64.
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }


def _tags(release: ReleaseSettings) -> list[Properties]:
    """Tags that say which release a thing is, and of which endpoint."""
    return [
        {"Key": ENDPOINT_TAG, "Value": release.endpoint_name},
        {"Key": RELEASE_TAG, "Value": RELEASE},
    ]


def endpoint(release: ReleaseSettings, *, alarms: Sequence[str]) -> Properties:
    """The endpoint that people call, updated behind a canary.

    An update keeps what runs where the fleet follows its traffic, and not where it is fixed: there
    the live number would outlive every change of the stage's capacity. Data capture is among the
    properties that SageMaker may keep, and the API does not support leaving it out.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VariantProperty.html
    """
    fixed = [{"VariantPropertyType": "DesiredInstanceCount"}]
    return stated(
        {
            "EndpointName": release.endpoint_name,
            "EndpointConfigName": CONFIG,
            "DeploymentConfig": deployment_config(release.canary.policy, alarms=alarms),
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": None if release.scaled else fixed,
        }
    )


def deployment_config(policy: CanaryPolicy, *, alarms: Sequence[str]) -> Properties:
    """One update policy, each wait stated, rolled back by these alarms."""
    rolling = policy.strategy == "rolling"
    return stated(
        {
            "BlueGreenUpdatePolicy": None if rolling else _blue_green(policy),
            "RollingUpdatePolicy": _rolling(policy) if rolling else None,
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]},
        }
    )


def _blue_green(policy: CanaryPolicy) -> Properties:
    return {
        "TrafficRoutingConfiguration": _routing(policy),
        "TerminationWaitInSeconds": policy.final_bake_minutes * 60,
        "MaximumExecutionTimeoutInSeconds": policy.execution_timeout_minutes * 60,
    }


def _routing(policy: CanaryPolicy) -> Properties:
    return stated(
        {
            "Type": policy.strategy.upper().replace("-", "_"),
            "CanarySize": _percent(policy) if policy.strategy == "canary" else None,
            "LinearStepSize": _percent(policy) if policy.strategy == "linear" else None,
            # The API requires it even where nothing bakes between steps.
            "WaitIntervalInSeconds": policy.bake_minutes * 60 if policy.guarded else 0,
        }
    )


def _rolling(policy: CanaryPolicy) -> Properties:
    return {
        "MaximumBatchSize": _percent(policy),
        "WaitIntervalInSeconds": policy.bake_minutes * 60,
        "MaximumExecutionTimeoutInSeconds": policy.execution_timeout_minutes * 60,
    }


def _percent(policy: CanaryPolicy) -> Properties:
    # A share of the capacity stays right while auto scaling changes the number of instances.
    return {"Type": "CAPACITY_PERCENT", "Value": policy.size_percent}
