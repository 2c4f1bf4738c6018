"""Checks of a release record by a reader in another account, which trusts its own knowledge first.

Whoever can write a stage's parameter can claim anything there. So a reader takes nothing on trust
that it can know by itself, and a claim of blame only with the evidence that the writer needs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from mlops.rollout.attribution import Attempt, Cause, attribute, needed_for_blame
from mlops.rollout.record import ReleaseRecord
from mlops.rollout.verdict import Outcome

CLOCK_SKEW: Final = timedelta(minutes=5)
"""A signed request reaches AWS within it or is refused (IAM user guide, Signature Version 4)."""
_OUTCOMES: Final = {str(outcome): outcome for outcome in Outcome}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a record has to be about, as its reader derives it from the configuration."""

    endpoint: str
    packages: str
    """ARN of the model's packages, up to the number of the version."""
    alarms: str
    """First part of the names of the endpoint's rollback alarms."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What else a reader of blame knows, whatever the record says."""

    minimum_invocations: int
    """Canary requests that a verdict on the model needs in this stage."""
    was_pinned: Callable[[int, datetime], bool]
    """Whether a commit had pinned a version in this stage by a moment, or `CLOCK_SKEW` later."""


def contradictions(record: ReleaseRecord, subject: Subject, *, now: datetime) -> tuple[str, ...]:
    """What a record says that cannot be true of its stage; nothing of it is believed then."""
    found = (
        _of_this_endpoint(record, subject),
        _of_this_releases_alarms(record, subject),
        _of_a_deployment(record, now),
        _agrees_with_itself(record),
    )
    return tuple(chain.from_iterable(found))


def objection_to_blame(record: ReleaseRecord, known: Known) -> str | None:
    """Why a record that blames its version does not prove it; None where its evidence is complete.

    A version that nobody asked the stage to run cannot have failed there.
    """
    if not known.was_pinned(record.version, record.moment):
        return f"no commit had pinned version {record.version} there by {record.time}"
    cause, why = attribute(
        Attempt(
            outcome=_OUTCOMES[record.outcome],
            version=record.version,
            live_version=record.live_version,
            red_alarms=record.red_alarms,
            canary_invocations=record.canary_invocations,
            minimum_invocations=needed_for_blame(known.minimum_invocations),
            fleets=record.fleets,
            failure_reason=record.failure_reason,
        )
    )
    return None if cause is Cause.MODEL else why


def _of_this_endpoint(record: ReleaseRecord, subject: Subject) -> Iterator[str]:
    if record.endpoint != subject.endpoint:
        yield f"it is of the endpoint {record.endpoint}; allowed: {subject.endpoint}"
    package = f"{subject.packages}{record.version}"
    if record.package != package:
        yield f"it is of the package {record.package}; allowed: {package}"


def _of_this_releases_alarms(record: ReleaseRecord, subject: Subject) -> Iterator[str]:
    for alarm in record.red_alarms:
        named = alarm.startswith(subject.alarms) and alarm.endswith(f"-{record.release}")
        if not (named and record.release):
            yield (
                f"{alarm} is not a rollback alarm of release {record.release!r}; allowed: "
                f"{subject.alarms}<signal>-{record.release}"
            )


def _of_a_deployment(record: ReleaseRecord, now: datetime) -> Iterator[str]:
    if not record.deployment:
        yield "it names no deployment"
    if record.moment > now + CLOCK_SKEW:
        yield f"its time {record.time} is in the future"


def _agrees_with_itself(record: ReleaseRecord) -> Iterator[str]:
    if record.outcome != str(Outcome.HEALTHY):
        return
    if record.live_version != record.version:
        yield f"it calls version {record.version} healthy, and {record.live_version} serves"
    if record.cause is not None or record.red_alarms:
        yield f"it calls version {record.version} healthy, and names what went wrong"
