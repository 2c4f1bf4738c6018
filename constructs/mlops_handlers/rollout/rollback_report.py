"""Notices that a deployment was rolled back, whoever had asked for it.

CloudFormation may fail the serving stack on a rollback; then no release check is deployed that
could notice. An event of the endpoint only wakes this function, which looks for itself: events come
twice, late, and for scaling as well.
"""

import logging
import os
import time
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.rollout.verdict import Outcome
from mlops_handlers.clients import client
from mlops_handlers.deployments import Deployment, newest_deployment
from mlops_handlers.rollout.attempts import (
    Place,
    Terms,
    attempt_of,
    fleet_of,
    record_of_failure,
    settled,
)
from mlops_handlers.rollout.canary_traffic import CanaryBake, had_traffic
from mlops_handlers.rollout.live_release import LiveRelease, live_release
from mlops_handlers.rollout.release_reports import Addresses, kept_record, report

LOG: Final = logging.getLogger()
SECOND_LOOK_SECONDS: Final = 60
"""Longer than CloudFormation takes from a config to the endpoint: it makes alarms in between."""
_APART_SECONDS: Final = 30
_UNDER_WAY: Final = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_BROKEN: Final = ("Failed", "UpdateRollbackFailed")


class MetricsError(Exception):
    """CloudWatch could not say whether a fleet was used."""


def handler(event: Mapping[str, Any], _context: object) -> dict[str, bool]:
    """Record and tell a rollback that is not recorded yet; else look and go."""
    place, addresses = Place.from_environment(), Addresses.from_environment()
    live = _look(place.endpoint)
    attempted = None if live is None else _rolled_back(place.endpoint, live)
    if live is None or attempted is None or _is_recorded(attempted, addresses):
        return {"reported": False}
    # From here on the config is not asked for any more: CloudFormation, if it has noticed as well,
    # may be about to delete it.
    attempt = settled(
        lambda: attempt_of(
            attempted,
            live,
            outcome=Outcome.UNHEALTHY,
            endpoint=place.endpoint,
            alarms=_alarms(attempted, live),
            terms=_terms(),
        )
    )
    time.sleep(_apart(event))
    reasons = (_reason(attempted, live),)
    record = record_of_failure(place, attempted, reasons=reasons, attempt=attempt)
    LOG.warning("%s", record.to_json())
    return {"reported": report(record, addresses)}


def _look(endpoint: str) -> LiveRelease | None:
    """What the endpoint runs; None if it is gone."""
    try:
        return live_release(client("sagemaker"), endpoint)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if (error.operation_name, code) != ("DescribeEndpoint", "ValidationException"):
            raise
    return None


def _rolled_back(endpoint: str, live: LiveRelease) -> Deployment | None:
    """The newest deployment, if it was tried and another one is in force."""
    if live.status in _UNDER_WAY:
        return None
    newest = newest_deployment(client("sagemaker"), endpoint, since=live.began)
    if newest is None or newest.config == live.config:
        return None
    return newest if _was_tried(endpoint, newest, live) else None


def _was_tried(endpoint: str, newest: Deployment, live: LiveRelease) -> bool:
    """Whether the endpoint ever ran the config, or failed at it."""
    fleet = fleet_of(newest, endpoint=endpoint, longest=_terms().longest)
    used = had_traffic(client("cloudwatch"), fleet)
    if used is None:
        raise MetricsError(f"whether {newest.config} was ever used is not known")
    if used:
        return True
    failed = live.status in _BROKEN or bool(live.failure_reason)
    return failed and live.updated >= newest.began and not _is_about_to_be_tried(endpoint, newest)


def _is_about_to_be_tried(endpoint: str, newest: Deployment) -> bool:
    """Whether the failure that the endpoint reports is an older one's."""
    time.sleep(SECOND_LOOK_SECONDS)
    again = _look(endpoint)
    return again is not None and newest.config in (again.pending, again.config)


def _is_recorded(attempted: Deployment, addresses: Addresses) -> bool:
    kept = kept_record(addresses)
    known = None if kept is None else (kept.deployment, kept.outcome)
    return known == (attempted.config, str(Outcome.UNHEALTHY))


def _reason(attempted: Deployment, live: LiveRelease) -> str:
    status = "" if live.status == "InService" else f", and is {live.status}"
    return (
        f"the endpoint was rolled back: it runs release {live.release} instead of "
        f"{attempted.release}{status}"
    )


def _alarms(attempted: Deployment, live: LiveRelease) -> tuple[str, ...]:
    """The rollback alarms of the attempted release, under its own name.

    The template knows the keys of the release that it is of, which may be the one before by now;
    SageMaker knows the alarms of the last deployment, which may be CloudFormation's way back.
    """
    prefix = os.environ["ALARM_PREFIX"]
    expected = [f"{prefix}{key}" for key in os.environ["ALARM_KEYS"].split(",")]
    used = [name for name in live.alarms if name.startswith(prefix)]
    named = {f"{name}-{attempted.release}" for name in expected}
    return tuple(sorted(named | {name for name in used if name.endswith(f"-{attempted.release}")}))


def _apart(event: Mapping[str, Any]) -> int:
    """Seconds of its own for every event.

    One change often sends two at once. The first to be through tells, and the other one finds it.
    """
    return zlib.crc32(str(event.get("id")).encode()) % _APART_SECONDS


def _terms() -> Terms:
    return Terms(
        minimum_invocations=int(os.environ["MINIMUM_INVOCATIONS"]),
        bake=CanaryBake(
            share=int(os.environ["SHARE_PERCENT"]) / 100,
            length=timedelta(minutes=int(os.environ["BAKE_MINUTES"])),
        ),
        longest=timedelta(minutes=int(os.environ["DEPLOYMENT_MINUTES"])),
    )
