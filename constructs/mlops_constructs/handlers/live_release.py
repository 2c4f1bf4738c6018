"""What an endpoint runs, told by itself: SageMaker calls a rolled-back endpoint InService, too."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops.rollout.release import RELEASE_TAG


@dataclass(frozen=True, kw_only=True)
class LiveRelease:
    """The release behind an endpoint at one moment."""

    status: str
    config: str
    variant: str
    release: str | None
    """Hash of the release, from the config's tag; None where the config carries none."""
    package: str | None
    """ARN of the model package; None where the model was made from something else."""
    first: bool
    """The endpoint was created with this config, so no canary led to it."""
    began: datetime
    """When the config was made; its deployment followed at once, whatever came later."""


def live_release(sagemaker: Any, endpoint_name: str) -> LiveRelease:
    """Follow an endpoint to its config, its model and its package."""
    endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    variant = config["ProductionVariants"][0]
    return LiveRelease(
        status=endpoint["EndpointStatus"],
        config=config["EndpointConfigName"],
        variant=variant["VariantName"],
        release=_tag(sagemaker, config["EndpointConfigArn"]),
        package=_package(sagemaker, variant["ModelName"]),
        # A later release has a config of its own, made while the endpoint existed.
        first=config["CreationTime"] <= endpoint["CreationTime"],
        began=config["CreationTime"],
    )


def _tag(sagemaker: Any, arn: str) -> str | None:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    tags = (tag for page in pages for tag in page["Tags"])
    return next((tag["Value"] for tag in tags if tag["Key"] == RELEASE_TAG), None)


def _package(sagemaker: Any, model_name: str) -> str | None:
    model = sagemaker.describe_model(ModelName=model_name)
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    package: str | None = containers[0].get("ModelPackageName")
    return package
