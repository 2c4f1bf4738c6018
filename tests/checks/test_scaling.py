"""The number of machines stays within its bounds; what moved in between is told."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops.checks.clients import Clients
from mlops.checks.plan import PlannedRelease
from mlops.checks.result import Status
from mlops.checks.scaling import Observation, observed, within_bounds


def seen(instances: int, *activities: str) -> Observation:
    return Observation(instances=instances, activities=activities)


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (2, 4, Status.PASSED),
        (4, 2, Status.PASSED),
        (1, 2, Status.FAILED),
        (2, 5, Status.FAILED),
    ],
)
def test_a_fleet_outside_of_its_bounds_fails(
    release: PlannedRelease, before: int, after: int, status: Status
) -> None:
    found = within_bounds(release.fleet, before=seen(before), after=seen(after))

    assert found.status is status
    assert found.detail.startswith(f"{before} before, {after} after")


def test_only_what_scaling_did_meanwhile_is_told(release: PlannedRelease) -> None:
    found = within_bounds(
        release.fleet, before=seen(2, "yesterday"), after=seen(3, "now: to 3", "yesterday")
    )

    assert found.detail == "2 before, 3 after; now: to 3"


def test_scaling_is_asked_about_a_fleet_that_scales(
    described: Any, aws: Any, clients: Clients, release: PlannedRelease
) -> None:
    def describe_scaling_activities(**_: Any) -> dict[str, Any]:
        activity = {
            "ActivityId": "a",
            "ServiceNamespace": "sagemaker",
            "ResourceId": "r",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "Description": "Setting desired instance count to 3.",
            "Cause": "alarm",
            "StartTime": datetime(2026, 1, 1, 10, 30, tzinfo=UTC),
            "StatusCode": "Successful",
        }
        return {"ScalingActivities": [activity]}

    aws.offer(describe_scaling_activities)
    scaled = replace(release, fleet=replace(release.fleet, scaled=True))

    found = observed(clients, scaled)

    assert found == seen(2, "10:30:00 Setting desired instance count to 3.")
    assert aws.asked("DescribeScalingActivities")[0]["ResourceId"] == (
        "endpoint/acme-prod-churn/variant/AllTraffic"
    )


def test_a_fleet_of_a_fixed_size_is_not_asked_about(
    described: Any, clients: Clients, release: PlannedRelease
) -> None:
    assert observed(clients, release).activities == ()
