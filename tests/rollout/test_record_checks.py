"""A reader believes nothing that it can know better, and blame only with all of its evidence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout.attribution import Attempt, Cause, attribute, needed_for_blame
from mlops.rollout.fleets import Fleets, FleetSums
from mlops.rollout.record import ReleaseRecord, quoted_failure
from mlops.rollout.record_checks import (
    CLOCK_SKEW,
    Known,
    Subject,
    contradictions,
    objection_to_blame,
)
from mlops.rollout.verdict import Outcome

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SUBJECT = Subject(endpoint="acme-prod-churn", packages="arn:p/", alarms="acme-prod-churn-rollback-")
RECORD = ReleaseRecord(
    stage="prod",
    model="churn",
    endpoint="acme-prod-churn",
    release="0123456789ab",
    package="arn:p/4",
    version=4,
    deployment="config-1",
    outcome="unhealthy",
    cause="model",
    reasons=("SageMaker rolled back",),
    red_alarms=("acme-prod-churn-rollback-server-errors-0123456789ab",),
    canary_invocations=250,
    live_version=3,
    time=NOW.isoformat(),
    fleets=Fleets(old=FleetSums(requests=2500), new=FleetSums(requests=250, server_errors=125)),
)
HEALTHY = replace(RECORD, outcome="healthy", cause=None, red_alarms=(), live_version=4)


def known(**changes: Any) -> Known:
    """A reader on whose branch version 4 is pinned since long ago."""
    usual: dict[str, Any] = {
        "minimum_invocations": 700,
        "was_pinned": lambda version, _: version == 4,
    }
    return Known(**(usual | changes))


@pytest.mark.parametrize("record", [RECORD, HEALTHY])
def test_what_a_deployed_function_writes_is_believed(record: ReleaseRecord) -> None:
    assert contradictions(record, SUBJECT, now=NOW) == ()
    assert objection_to_blame(RECORD, known()) is None


@pytest.mark.parametrize(
    ("record", "changes", "said"),
    [
        (RECORD, {"endpoint": "acme-dev-churn"}, "endpoint acme-dev-churn; allowed: acme-prod-ch"),
        (RECORD, {"package": "arn:p/5"}, "of the package arn:p/5; allowed: arn:p/4"),
        (RECORD, {"deployment": ""}, "it names no deployment"),
        (RECORD, {"release": "ba9876543210"}, "is not a rollback alarm of release 'ba9876543210'"),
        (RECORD, {"red_alarms": ("acme-prod-churn-drift",)}, "acme-prod-churn-drift is not a roll"),
        (
            RECORD,
            {"release": "", "red_alarms": ("acme-prod-churn-rollback-latency-",)},
            "acme-prod-churn-rollback-latency- is not a rollback alarm of release ''",
        ),
        (HEALTHY, {"live_version": 3}, "calls version 4 healthy, and 3 serves"),
        (HEALTHY, {"cause": "unknown"}, "calls version 4 healthy, and names what went wrong"),
        (HEALTHY, {"red_alarms": RECORD.red_alarms}, "healthy, and names what went wrong"),
    ],
)
def test_what_cannot_be_true_of_the_stage_is_named(
    record: ReleaseRecord, changes: dict[str, Any], said: str
) -> None:
    found = contradictions(replace(record, **changes), SUBJECT, now=NOW)

    assert len(found) == 1
    assert said in found[0]


def test_every_contradiction_is_named_at_once() -> None:
    found = contradictions(
        replace(RECORD, endpoint="x", package="y", deployment=""), SUBJECT, now=NOW
    )

    assert len(found) == 3


@pytest.mark.parametrize(
    ("ahead", "refused"),
    [
        (timedelta(0), False),
        (CLOCK_SKEW, False),
        (CLOCK_SKEW + timedelta(seconds=1), True),
        (timedelta(days=365), True),
    ],
)
def test_two_clocks_may_differ_as_far_as_aws_lets_them(ahead: timedelta, refused: bool) -> None:
    record = replace(RECORD, time=(NOW + ahead).isoformat())

    found = contradictions(record, SUBJECT, now=NOW)

    assert bool(found) is refused
    assert all("is in the future" in one for one in found)


@given(
    moment=st.datetimes(timezones=st.timezones() | st.just(UTC)).map(datetime.isoformat)
    | st.sampled_from(
        ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "9999-12-31T00:00-12:00"]
    )
)
def test_no_moment_of_the_calendar_breaks_the_reader(moment: str) -> None:
    record = replace(RECORD, time=moment)

    contradictions(record, SUBJECT, now=NOW)
    objection_to_blame(record, known(was_pinned=lambda _, by: by > NOW))


def test_a_version_that_nobody_pinned_there_cannot_have_failed_there() -> None:
    asked: list[tuple[int, datetime]] = []

    found = objection_to_blame(
        RECORD, known(was_pinned=lambda version, by: asked.append((version, by)))
    )

    assert found == "no commit had pinned version 4 there by 2026-01-01T12:00:00+00:00"
    assert asked == [(4, NOW)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"red_alarms": ()}, "no rollback alarm of this release was red"),
        ({"canary_invocations": 99}, "answered 99 requests, fewer than the 100"),
        ({"canary_invocations": None}, "how many requests the canary answered is not known"),
        ({"live_version": None}, "the version in service is unknown"),
        ({"live_version": 4}, "version 4 serves right now"),
        ({"fleets": None}, "how the old fleet did meanwhile is not known"),
        ({"reasons": ("SageMaker says: access denied",)}, "names a permission"),
        ({"outcome": "inconclusive"}, "the release is inconclusive"),
    ],
)
def test_blame_needs_each_piece_of_evidence(changes: dict[str, Any], said: str) -> None:
    found = objection_to_blame(replace(RECORD, **changes), known())

    assert found is not None
    assert said in found


def test_a_stage_that_needs_less_traffic_blames_by_less() -> None:
    record = replace(RECORD, canary_invocations=30)

    assert objection_to_blame(record, known(minimum_invocations=30)) is None
    assert objection_to_blame(record, known(minimum_invocations=31)) is not None


ATTEMPTS = st.builds(
    Attempt,
    outcome=st.sampled_from([Outcome.INCONCLUSIVE, Outcome.UNHEALTHY]),
    version=st.just(4),
    live_version=st.none() | st.sampled_from([3, 4]),
    red_alarms=st.lists(
        st.sampled_from(["server-errors", "latency", "wrong-answers"]), unique=True
    ).map(lambda keys: tuple(f"{SUBJECT.alarms}{key}-0123456789ab" for key in keys)),
    canary_invocations=st.none() | st.sampled_from([0, 99, 100, 5000]),
    minimum_invocations=st.just(needed_for_blame(700)),
    fleets=st.none()
    | st.builds(
        lambda old, new: Fleets(
            old=FleetSums(requests=2500, server_errors=old),
            new=FleetSums(requests=250, server_errors=new),
        ),
        old=st.sampled_from([0.0, 1250.0]),
        new=st.sampled_from([0.0, 125.0]),
    ),
    failure_reason=st.sampled_from(["", "baking failed", "Rate exceeded"]),
)


@given(attempt=ATTEMPTS)
@settings(max_examples=400)
def test_the_reader_believes_exactly_the_blame_that_the_writer_finds(attempt: Attempt) -> None:
    cause, why = attribute(attempt)
    written = replace(
        RECORD,
        outcome=str(attempt.outcome),
        cause="model",
        reasons=(why, *quoted_failure(attempt.failure_reason)),
        red_alarms=attempt.red_alarms,
        canary_invocations=attempt.canary_invocations,
        live_version=attempt.live_version,
        fleets=attempt.fleets,
    )

    read = ReleaseRecord.from_json(written.to_json())

    assert contradictions(read, SUBJECT, now=NOW) == ()
    assert (objection_to_blame(read, known()) is None) is (cause is Cause.MODEL)
