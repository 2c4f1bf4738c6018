from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops.contract import Names, Platform
from mlops.registry import Lineage, list_versions, show
from mlops.release.condemned import Finding, condemn, findings, judge, triage
from mlops.rollout.record import ReleaseRecord

GROUP, MODEL = "mlops-bike-demand", "bike-demand"
HOUR = timedelta(hours=1)


@pytest.fixture
def names(platform: Platform) -> Names:
    return platform.names


@pytest.fixture
def package(rehearsed: Any) -> Lineage:
    """Version 1, approved a moment ago."""
    rehearsed.register("Approved")
    return show(rehearsed.client, GROUP, 1)


def at(record: ReleaseRecord, moment: datetime) -> ReleaseRecord:
    return replace(record, time=moment.isoformat())


def found(rehearsed: Any, names: Names, *records: ReleaseRecord) -> list[Finding]:
    versions = {v.number: v for v in list_versions(rehearsed.client, GROUP)}
    return findings(records, versions, client=rehearsed.client, names=names, model=MODEL)


def test_an_approved_version_that_failed_is_to_be_rejected(rehearsed: Any, names: Names) -> None:
    rehearsed.register("Approved")
    record = rehearsed.record("prod", 1)

    (finding,) = found(rehearsed, names, record)

    assert finding.reason == (
        f"version 1 failed in prod at {record.time}: its canary answered 250 requests; red alarms: "
        "mlops-prod-bike-demand-rollback-model-errors-0123456789ab"
    )
    assert finding.says == f"rejected: {finding.reason}"


def test_a_rejection_reaches_the_registry_once(rehearsed: Any, names: Names) -> None:
    rehearsed.register("Approved")
    record = rehearsed.record("prod", 1)
    (finding,) = found(rehearsed, names, record)

    condemn(rehearsed.client, names, MODEL, finding)

    assert rehearsed.status(1) == ("Rejected", finding.reason)
    assert found(rehearsed, names, record) == [Finding(version=1)]


def test_a_decision_at_the_records_own_moment_is_the_one_that_failed(
    rehearsed: Any, package: Lineage
) -> None:
    assert package.decided is not None
    record = rehearsed.record("prod", 1)

    assert judge(at(record, package.decided), package).reason is not None
    assert judge(at(record, package.decided + HOUR), package).reason is not None


def test_a_person_who_approved_it_again_has_the_last_word(rehearsed: Any, package: Lineage) -> None:
    assert package.decided is not None
    record = at(rehearsed.record("prod", 1), package.decided - HOUR)
    registered = replace(package.version, created=package.decided - 2 * HOUR)

    finding = judge(record, replace(package, version=registered))

    assert finding.reason is None
    assert "1 failed in prod at" in finding.says
    assert "people have the last word" in finding.says


def test_a_version_that_was_registered_as_approved_counts_from_its_registration(
    rehearsed: Any, package: Lineage
) -> None:
    untouched = replace(package, decided=None)
    record = rehearsed.record("prod", 1)

    before = judge(at(record, package.version.created - HOUR), untouched)
    after = judge(at(record, package.version.created + HOUR), untouched)

    assert (before.reason is None, after.reason is None) == (True, False)


def test_two_stages_reject_a_version_once(rehearsed: Any, names: Names) -> None:
    rehearsed.register("Approved")
    records = [rehearsed.record("dev", 1), rehearsed.record("prod", 1)]

    reasons = [finding.reason for finding in found(rehearsed, names, *records)]

    assert [reason is not None for reason in reasons] == [True, False]


def test_a_newer_failure_counts_where_an_older_one_was_forgiven(
    rehearsed: Any, names: Names
) -> None:
    rehearsed.register("Approved")
    old = at(rehearsed.record("dev", 1), datetime.now(UTC) - HOUR)
    new = rehearsed.record("prod", 1)

    reasons = [finding.reason for finding in found(rehearsed, names, old, new)]

    assert [reason is not None for reason in reasons] == [False, True]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"outcome": "healthy", "cause": None}, ""),
        (
            {"outcome": "inconclusive", "cause": "unknown", "reasons": ("no traffic", "late")},
            (
                "1 was inconclusive in prod, and the cause is unknown; it is not rejected: "
                "no traffic; late"
            ),
        ),
        (
            {"cause": "infrastructure", "reasons": ("no capacity",)},
            (
                "1 was unhealthy in prod, and the cause is infrastructure; it is not rejected: no "
                "capacity"
            ),
        ),
        (
            {"cause": "unknown", "reasons": ()},
            (
                "1 was unhealthy in prod, and the cause is unknown; it is not rejected: "
                "no reason was told"
            ),
        ),
    ],
)
def test_what_does_not_blame_the_model_is_told_and_rejects_nothing(
    rehearsed: Any, names: Names, changes: dict[str, Any], said: str
) -> None:
    rehearsed.register("Approved")
    record = rehearsed.record("prod", 1, **changes)

    assert found(rehearsed, names, record) == [Finding(version=1, says=said)]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Rejected", ""),
        ("Pending", "1 failed in prod and is PendingManualApproval: decide about it"),
    ],
)
def test_only_an_approved_version_is_rejected(
    rehearsed: Any, names: Names, status: str, said: str
) -> None:
    rehearsed.register(status)

    assert found(rehearsed, names, rehearsed.record("prod", 1)) == [Finding(version=1, says=said)]


def test_a_version_that_is_gone_or_somebody_elses_is_not_rejected(
    rehearsed: Any, names: Names
) -> None:
    rehearsed.register("Approved")
    gone = rehearsed.record("prod", 7)
    foreign = replace(
        rehearsed.record("prod", 1), package="arn:aws:sagemaker:x:y:model-package/z/1"
    )

    first, second = found(rehearsed, names, gone, foreign)

    assert first == Finding(version=7)
    assert second.reason is None
    assert "the record of prod blames arn:aws:sagemaker:x:y:model-package/z/1" in second.says


@pytest.mark.parametrize("alarms", [("a\nb",), tuple("x" * 250 for _ in range(9))])
def test_a_reason_is_one_line_that_the_registry_takes(
    rehearsed: Any, names: Names, package: Lineage, alarms: tuple[str, ...]
) -> None:
    record = replace(rehearsed.record("prod", 1), red_alarms=alarms)

    condemn(rehearsed.client, names, MODEL, judge(record, package))

    status, reason = rehearsed.status(1)
    assert status == "Rejected"
    assert reason is not None
    assert len(reason) <= 1024
    assert "\n" not in reason


def test_traffic_that_nobody_counted_and_alarms_that_were_not_red_are_said(
    rehearsed: Any, package: Lineage
) -> None:
    record = replace(rehearsed.record("prod", 1), red_alarms=(), canary_invocations=None)

    reason = judge(record, package).reason or ""

    assert reason.endswith("answered an unknown number of requests; red alarms: none")


def test_the_registry_is_asked_about_approved_versions_only(rehearsed: Any, names: Names) -> None:
    rehearsed.register("Rejected")
    versions = {v.number: v for v in list_versions(rehearsed.client, GROUP)}
    record = rehearsed.record("prod", 1)

    assert triage(record, versions, package=record.package) == Finding(version=1)
