"""The evidence on a deployment that did not succeed, and the record that is made of it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlops.rollout.attribution import Attempt, attribute, awaits_traffic, needed_for_blame
from mlops.rollout.record import ReleaseRecord, quoted_failure
from mlops.rollout.verdict import Outcome
from mlops_handlers.clients import client
from mlops_handlers.deployments import Deployment
from mlops_handlers.rollout.alarm_history import red_alarms
from mlops_handlers.rollout.canary_traffic import (
    CanaryBake,
    Fleet,
    canary_invocations,
    fleets_of,
)
from mlops_handlers.rollout.live_release import LiveRelease

PAUSE_SECONDS: Final = 20
PATIENCE_SECONDS: Final = 180
"""How long the requests of the last minutes may be behind the endpoint."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a deployment is judged by, as literals of a template."""

    minimum_invocations: int
    bake: CanaryBake
    longest: timedelta
    """How long the deployment may take."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose deployments these are."""

    stage: str
    model: str
    endpoint: str

    @classmethod
    def from_environment(cls) -> "Place":
        """As the template wrote them."""
        return cls(
            stage=os.environ["STAGE"],
            model=os.environ["MODEL"],
            endpoint=os.environ["ENDPOINT_NAME"],
        )


def fleet_of(deployment: Deployment, *, endpoint: str, longest: timedelta) -> Fleet:
    """The deployment's own fleet, during the deployment."""
    return Fleet(
        endpoint=endpoint,
        variant=deployment.variant,
        config=deployment.config,
        start=deployment.began,
        end=deployment.began + longest,
    )


def attempt_of(
    deployment: Deployment,
    live: LiveRelease,
    *,
    outcome: Outcome,
    endpoint: str,
    alarms: tuple[str, ...],
    terms: Terms,
) -> Attempt:
    """What the services know of a deployment; `live` is what came of it.

    Raises:
        ValueError: the deployment is of no version, so that nobody can be blamed.
    """
    cloudwatch = client("cloudwatch")
    fleet = fleet_of(deployment, endpoint=endpoint, longest=terms.longest)
    return Attempt(
        outcome=outcome,
        version=_version(deployment),
        live_version=live.version,
        red_alarms=red_alarms(cloudwatch, alarms, start=fleet.start, end=fleet.end),
        canary_invocations=canary_invocations(cloudwatch, fleet, terms.bake),
        minimum_invocations=needed_for_blame(terms.minimum_invocations),
        fleets=fleets_of(cloudwatch, fleet),
        failure_reason=live.failure_reason,
    )


def settled(look: Callable[[], Attempt]) -> Attempt:
    """The attempt; while only requests are missing, waits a bounded time for their metrics."""
    for _ in range(PATIENCE_SECONDS // PAUSE_SECONDS):
        attempt = look()
        if not awaits_traffic(attempt):
            break
        time.sleep(PAUSE_SECONDS)
    return attempt


def record_of_success(
    place: Place,
    deployment: Deployment,
    *,
    reasons: tuple[str, ...],
    canary_invocations: int | None,
) -> ReleaseRecord:
    """The record of a deployment whose release is live and proven."""
    return _record(
        place,
        deployment,
        outcome=str(Outcome.HEALTHY),
        cause=None,
        reasons=reasons,
        red_alarms=(),
        canary_invocations=canary_invocations,
        live_version=deployment.version,
    )


def record_of_failure(
    place: Place, deployment: Deployment, *, reasons: tuple[str, ...], attempt: Attempt
) -> ReleaseRecord:
    """The record of a deployment that did not succeed, with its cause."""
    cause, why = attribute(attempt)
    return _record(
        place,
        deployment,
        outcome=str(attempt.outcome),
        cause=str(cause),
        reasons=(*reasons, why, *quoted_failure(attempt.failure_reason)),
        red_alarms=attempt.red_alarms,
        canary_invocations=attempt.canary_invocations,
        live_version=attempt.live_version,
        fleets=attempt.fleets,
    )


def _record(place: Place, deployment: Deployment, **found: Any) -> ReleaseRecord:
    return ReleaseRecord(
        stage=place.stage,
        model=place.model,
        endpoint=place.endpoint,
        release=deployment.release or "",
        package=deployment.package or "",
        version=_version(deployment),
        deployment=deployment.config,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        **found,
    )


def _version(deployment: Deployment) -> int:
    if deployment.version is None:
        raise ValueError(f"the endpoint config {deployment.config} serves no registered version")
    return deployment.version
