"""What an endpoint runs, told by itself: SageMaker calls a rolled-back endpoint InService, too."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops_constructs.handlers.deployments import Deployment, deployment


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
        alarms=tuple(alarm["AlarmName"] for alarm in guard.get("Alarms", [])),
    )
