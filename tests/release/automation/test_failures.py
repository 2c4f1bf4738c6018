from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops.contract import Platform
from mlops.registry import Lineage, show
from mlops.release import Change
from mlops.release.automation.failures import Failure, reject_failed
from tests.release.conftest import failed

GROUP, MODEL = "mlops-bike-demand", "bike-demand"
HOUR = timedelta(hours=1)
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
FAILURE = Failure.of(failed("prod", 1))


@pytest.fixture
def package(rehearsed: Any) -> Lineage:
    """Version 1, approved a moment ago."""
    rehearsed.register("Approved")
    return show(rehearsed.client, GROUP, 1)


def test_a_failure_says_where_when_and_by_what_evidence() -> None:
    assert str(FAILURE) == "rolled back in prod at 2026-01-01T12:00:00+00:00"
    assert FAILURE.reason == (
        "version 1 failed in prod at 2026-01-01T12:00:00+00:00: its canary answered 250 requests; "
        "red alarms: mlops-prod-bike-demand-rollback-model-errors-0123456789ab"
    )
    assert FAILURE.covers(1)
    assert not FAILURE.covers(2)


def test_an_approval_after_it_forgives_and_one_at_its_own_moment_is_the_one_that_failed(
    package: Lineage,
) -> None:
    assert package.decided is not None
    found = {
        before: replace(FAILURE, at=package.decided - before).is_forgiven(package)
        for before in (-HOUR, timedelta(0), HOUR)
    }

    assert found == {-HOUR: False, timedelta(0): False, HOUR: True}


def test_a_rejection_after_it_forgives_nothing(rehearsed: Any) -> None:
    rehearsed.register("Rejected")

    assert not FAILURE.is_forgiven(show(rehearsed.client, GROUP, 1))


def test_a_version_that_was_registered_as_approved_counts_from_its_registration(
    package: Lineage,
) -> None:
    untouched = replace(package, decided=None)
    created = package.version.created

    assert replace(FAILURE, at=created - HOUR).is_forgiven(untouched)
    assert not replace(FAILURE, at=created + HOUR).is_forgiven(untouched)


@pytest.mark.parametrize(
    ("changes", "is_overruled"),
    [
        ({}, True),
        ({"when": MOMENT}, False),
        ({"by_automation": True}, False),
        ({"version": 2}, False),
    ],
)
def test_only_a_person_who_pins_it_later_overrules(
    changes: dict[str, Any], is_overruled: bool
) -> None:
    pinned = Change(
        commit="0" * 40, when=MOMENT + HOUR, who="Ada", message="", stage="prod", before=2,
        version=1,
    )  # fmt: skip

    assert FAILURE.is_overruled([replace(pinned, **changes)]) is is_overruled


@pytest.mark.parametrize("alarms", [("a\nb",), tuple("x" * 250 for _ in range(9))])
def test_a_reason_is_one_line_that_the_registry_takes(
    rehearsed: Any, platform: Platform, package: Lineage, alarms: tuple[str, ...]
) -> None:
    failure = Failure.of(replace(failed("dev", 1), red_alarms=alarms))

    reject_failed(rehearsed.client, platform.names, MODEL, failure)

    status, reason = rehearsed.status(1)
    assert status == "Rejected"
    assert reason is not None
    assert len(reason) <= 1024
    assert "\n" not in reason
