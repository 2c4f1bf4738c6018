"""One variant, encrypted, captured, its metrics stated."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.release import Release
from mlops_constructs.serving.endpoint_config import EndpointConfig


@pytest.fixture(scope="module")
def config_of(
    render: Callable[..., Any], key_in: Callable[..., Any], release_of: Callable[..., Release]
) -> Callable[..., Any]:
    from aws_cdk import aws_sagemaker as sagemaker

    def built(**changes: Any) -> Any:
        def build(stack: Any) -> None:
            model = sagemaker.CfnModel(stack, "Model")
            release = release_of(**changes)
            EndpointConfig(stack, "Config", release=release, model=model, key=key_in(stack))

        return render(build)

    return built


@pytest.fixture(scope="module")
def config(config_of: Callable[..., Any]) -> Any:
    return config_of().only("AWS::SageMaker::EndpointConfig")


def test_there_is_one_variant_whose_name_never_changes(config: Any) -> None:
    (variant,) = config["ProductionVariants"]

    assert variant == {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 1,
    }


def test_a_config_is_unnamed_and_kept_when_it_is_replaced(config_of: Callable[..., Any]) -> None:
    resource = config_of().resource("AWS::SageMaker::EndpointConfig")

    assert "EndpointConfigName" not in resource["Properties"]
    assert resource["UpdateReplacePolicy"] == resource["DeletionPolicy"] == "Retain"


def test_the_release_is_told_by_a_tag(config: Any, release_of: Callable[..., Release]) -> None:
    assert {"Key": "mlops:release", "Value": release_of().hash} in config["Tags"]


def test_requests_and_answers_are_captured_readably_and_under_the_key(config: Any) -> None:
    capture = config["DataCaptureConfig"]

    assert capture["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    assert capture["CaptureContentTypeHeader"] == {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json"],
    }
    assert capture["KmsKeyId"] == config["KmsKeyId"]
    assert capture["DestinationS3Uri"] == ("s3://acme-prod-captures-400000000000-eu-west-1/churn")


def test_paid_metrics_are_off_unless_somebody_asks(config: Any) -> None:
    assert config["MetricsConfig"] == {
        "EnableDetailedObservability": False,
        "EnableEnhancedMetrics": False,
        "MetricPublishFrequencyInSeconds": 60,
    }


def test_a_model_may_do_without_capture(config_of: Callable[..., Any]) -> None:
    config = config_of(capture={"enabled": False}).only("AWS::SageMaker::EndpointConfig")

    assert "DataCaptureConfig" not in config


def test_disks_that_encrypt_themselves_take_no_key(config_of: Callable[..., Any]) -> None:
    config = config_of(instance_type="ml.g5.xlarge").only("AWS::SageMaker::EndpointConfig")

    assert "KmsKeyId" not in config
    assert "KmsKeyId" in config["DataCaptureConfig"]
