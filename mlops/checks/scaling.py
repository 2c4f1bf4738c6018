"""How many machines an endpoint has, and what its scaling did meanwhile."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mlops.checks.clients import Clients
from mlops.checks.plan import Fleet, PlannedRelease
from mlops.checks.result import Finding, failed, passed


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A fleet at one moment."""

    instances: int
    activities: tuple[str, ...]
    """What scaling did lately, newest first; nothing where the fleet does not scale."""


def observed(clients: Clients, release: PlannedRelease) -> Observation:
    """Look at a fleet."""
    endpoint = clients("sagemaker").describe_endpoint(EndpointName=release.endpoint)
    variants = endpoint.get("ProductionVariants", [])
    return Observation(
        instances=sum(variant.get("CurrentInstanceCount", 0) for variant in variants),
        activities=_activities(clients, release) if release.fleet.scaled else (),
    )


def within_bounds(fleet: Fleet, *, before: Observation, after: Observation) -> Finding:
    """Whether both observations lie within the planned bounds; what moved is told, not judged."""
    told = f"{before.instances} before, {after.instances} after"
    new = [activity for activity in after.activities if activity not in before.activities]
    told = "; ".join([told, *new])
    counts = (before.instances, after.instances)
    if min(counts) < fleet.min_instances or max(counts) > fleet.max_instances:
        return failed(f"{told}; allowed: {fleet.min_instances} to {fleet.max_instances}")
    return passed(told)


def _activities(clients: Clients, release: PlannedRelease) -> tuple[str, ...]:
    found = clients("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{release.endpoint}/variant/{release.fleet.variant}",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MaxResults=20,
    )
    return tuple(_told(a["StartTime"], a["Description"]) for a in found["ScalingActivities"])


def _told(start: datetime, description: str) -> str:
    return f"{start.astimezone(UTC):%H:%M:%S} {description}"
