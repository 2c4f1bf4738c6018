"""What an endpoint runs, told by itself: SageMaker calls a rolled-back endpoint InService, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops_handlers.deployments import Deployment, deployment


@dataclass(frozen=True, kw_only=True)
class LiveRelease(Deployment):
    """The release behind an endpoint at one moment."""

    status: str
    first: bool
    """The endpoint was created with this config, so no canary led to it."""
    updated: datetime
    """When the endpoint last changed in any way, scaling included."""
    pending: str | None
    """Config of the deployment under way; None where none is, or SageMaker does not say."""
    failure_reason: str
    """SageMaker's words on the last update that failed; often it has none."""
    image: str | None
    """Digest of the image that its containers run; None where SageMaker does not say."""
    alarms: tuple[str, ...]
    """Rollback alarms of the last deployment, however that ended."""


def live_release(sagemaker: Any, endpoint_name: str) -> LiveRelease:
    """Follow an endpoint to its config, its model and its package."""
    endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    found = deployment(sagemaker, endpoint["EndpointConfigName"])
    guard = endpoint.get("LastDeploymentConfig", {}).get("AutoRollbackConfiguration", {})
    return LiveRelease(
        **vars(found),
        status=endpoint["EndpointStatus"],
        # A later release has a config of its own, made while the endpoint existed.
        first=found.began <= endpoint["CreationTime"],
        updated=endpoint["LastModifiedTime"],
        pending=endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName"),
        failure_reason=endpoint.get("FailureReason", ""),
        image=_image(endpoint),
        alarms=tuple(alarm["AlarmName"] for alarm in guard.get("Alarms", [])),
    )


def _image(endpoint: Mapping[str, Any]) -> str | None:
    """What the tag or the digest of the package was resolved to when the containers started."""
    variants = endpoint.get("ProductionVariants", ())
    images = [image for variant in variants for image in variant.get("DeployedImages", ())]
    resolved = str(images[0].get("ResolvedImage", "")) if images else ""
    return resolved.partition("@sha256:")[2] or None
