"""Deployments of an endpoint: each has an endpoint config of its own, which the template tags."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops.rollout.content import VARIABLE
from mlops.rollout.release import ENDPOINT_TAG, RELEASE_TAG


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """An endpoint config, and the release that it stands for."""

    config: str
    variant: str
    release: str | None
    """Hash of the release, from the config's tag; None where the config carries none."""
    package: str | None
    """ARN of the model package; None where the model was made from something else."""
    content: str | None
    """The archive that the model's container may serve; None where it is not told."""
    began: datetime
    """When the config was made; its deployment followed at once, whatever came later."""

    @property
    def version(self) -> int | None:
        """Number of the model package; None where there is none."""
        number = (self.package or "").rpartition("/")[2]
        return int(number) if number.isdecimal() else None


def deployment(sagemaker: Any, config_name: str) -> Deployment:
    """Follow a config to its model and its package."""
    config = sagemaker.describe_endpoint_config(EndpointConfigName=config_name)
    variant = config["ProductionVariants"][0]
    container = _container(sagemaker, variant["ModelName"])
    return Deployment(
        config=config["EndpointConfigName"],
        variant=variant["VariantName"],
        release=tags_of(sagemaker, config["EndpointConfigArn"]).get(RELEASE_TAG),
        package=container.get("ModelPackageName"),
        content=container.get("Environment", {}).get(VARIABLE),
        began=config["CreationTime"],
    )


def newest_deployment(sagemaker: Any, endpoint: str, *, since: datetime) -> Deployment | None:
    """The endpoint's newest config of those made since a moment; None if there is none.

    No call tells the configs of one endpoint, so they are looked at one by one, the newest first.
    """
    return next(deployments_since(sagemaker, endpoint, since=since), None)


def deployments_since(sagemaker: Any, endpoint: str, *, since: datetime) -> Iterator[Deployment]:
    """The endpoint's configs made since a moment, the newest first, each followed when asked for.

    What the janitor cleared away is not among them.
    """
    for summary in _configs(sagemaker, since):
        if tags_of(sagemaker, summary["EndpointConfigArn"]).get(ENDPOINT_TAG) == endpoint:
            yield deployment(sagemaker, summary["EndpointConfigName"])


def _configs(sagemaker: Any, since: datetime) -> Iterator[Mapping[str, Any]]:
    pages = sagemaker.get_paginator("list_endpoint_configs").paginate(
        SortBy="CreationTime", SortOrder="Descending", CreationTimeAfter=since
    )
    for page in pages:
        yield from page["EndpointConfigs"]


def tags_of(sagemaker: Any, arn: str) -> dict[str, str]:
    """All tags of a resource."""
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _container(sagemaker: Any, model_name: str) -> Mapping[str, Any]:
    model = sagemaker.describe_model(ModelName=model_name)
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    container: Mapping[str, Any] = containers[0]
    return container
