"""Each outcome is told once; what fails on the way is told again rather than never."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops.rollout.record import ReleaseRecord
from mlops_handlers.rollout.release_reports import Addresses, EventError, kept_record, report

PARAMETER = "/acme/prod/churn/release-record"
RECORD = ReleaseRecord(
    stage="prod",
    model="churn",
    endpoint="acme-prod-churn",
    release="aaaaaaaaaaaa",
    package="arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn/4",
    version=4,
    deployment="Config-Xy12",
    outcome="unhealthy",
    cause="model",
    reasons=("because",),
    red_alarms=("an alarm",),
    canary_invocations=300,
    live_version=3,
    time="2026-01-01T12:00:00+00:00",
)
INFRASTRUCTURE = replace(RECORD, cause="infrastructure")
UNKNOWN = replace(RECORD, cause="unknown")
INCONCLUSIVE = replace(UNKNOWN, outcome="inconclusive")
HEALTHY = replace(RECORD, outcome="healthy", cause=None)
LATER = replace(RECORD, time="2026-01-01T12:09:00+00:00", reasons=("because of it",))


@pytest.fixture
def to(desk: Any) -> Addresses:
    return Addresses.from_environment()


def test_a_rollback_is_told_to_people_kept_and_carried_to_the_delivery(
    desk: Any, to: Addresses
) -> None:
    assert report(RECORD, to)

    assert desk.order == ["people", "record", "event"]
    assert desk.parameters == {PARAMETER: RECORD.to_json()}
    (told,) = desk.told
    assert told["TopicArn"] == "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"
    assert told["Subject"] == "prod: churn version 4 is unhealthy"
    assert "docs/runbooks/canary-rolled-back.md" in told["Message"]


def test_the_event_carries_the_record_to_the_bus_of_the_delivery_account(
    desk: Any, to: Addresses, aws: Any
) -> None:
    report(RECORD, to)

    (event,) = desk.events
    assert event["EventBusName"] == (
        "arn:aws:events:eu-central-1:100000000000:event-bus/acme-delivery"
    )
    assert (event["Source"], event["DetailType"]) == ("mlops.releases", "Mlops Release Rolled Back")
    assert json.loads(event["Detail"]) == json.loads(RECORD.to_json())
    assert event["Resources"] == [RECORD.package]
    assert aws.regions["events"] == "eu-central-1"


def test_an_inconclusive_release_has_an_event_of_its_own(desk: Any, to: Addresses) -> None:
    report(INCONCLUSIVE, to)

    assert [event["DetailType"] for event in desk.events] == ["Mlops Release Inconclusive"]


def test_a_healthy_release_is_kept_and_told_nobody(desk: Any, to: Addresses) -> None:
    assert report(HEALTHY, to)

    assert desk.order == ["record"]


def test_without_a_delivery_no_event_is_sent(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DELIVERY_BUS")

    report(RECORD, Addresses.from_environment())

    assert desk.order == ["people", "record"]


@pytest.mark.parametrize("again", [RECORD, LATER, UNKNOWN], ids=["same", "later", "less-known"])
def test_what_is_known_is_told_to_nobody_again(
    desk: Any, to: Addresses, again: ReleaseRecord
) -> None:
    report(RECORD, to)
    desk.order.clear()

    assert not report(again, to)
    assert desk.order == []
    assert kept_record(to) == RECORD


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (UNKNOWN, RECORD),
        (UNKNOWN, INFRASTRUCTURE),
        (INFRASTRUCTURE, RECORD),
        (INCONCLUSIVE, RECORD),
        (HEALTHY, RECORD),
        (RECORD, replace(RECORD, deployment="Config-Zz99")),
        (RECORD, replace(UNKNOWN, deployment="Config-Zz99")),
    ],
    ids=[
        "cause-found",
        "no-fault-found",
        "blame-found",
        "worse",
        "rolled-back-later",
        "next",
        "next-unknown",
    ],
)
def test_another_outcome_cause_or_deployment_is_told(
    desk: Any, to: Addresses, before: ReleaseRecord, after: ReleaseRecord
) -> None:
    report(before, to)
    desk.order.clear()

    assert report(after, to)
    assert desk.order == ["people", "record", "event"]
    assert kept_record(to) == after


def test_a_later_success_replaces_the_failure(desk: Any, to: Addresses) -> None:
    report(RECORD, to)

    assert report(replace(HEALTHY, deployment="Config-Zz99"), to)
    assert desk.record["outcome"] == "healthy"


def test_nothing_is_kept_that_people_were_not_told_of(desk: Any, to: Addresses) -> None:
    desk.broken = {"Publish"}

    with pytest.raises(ClientError):
        report(RECORD, to)
    assert (desk.parameters, desk.events) == ({}, [])


def test_a_crash_before_the_record_repeats_the_telling(desk: Any, to: Addresses) -> None:
    desk.broken = {"PutParameter"}
    with pytest.raises(ClientError):
        report(RECORD, to)
    desk.broken = set()

    assert report(RECORD, to)
    assert desk.order == ["people", "people", "record", "event"]


def test_an_event_that_the_bus_refused_is_an_error_and_the_record_stays(
    desk: Any, to: Addresses
) -> None:
    desk.broken = {"PutEvents"}

    with pytest.raises(EventError, match="acme-delivery: AccessDenied: not you"):
        report(RECORD, to)
    assert kept_record(to) == RECORD
    assert not report(RECORD, to)


def test_before_the_first_release_nothing_is_known(desk: Any, to: Addresses) -> None:
    assert kept_record(to) is None


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99}'])
def test_a_record_that_nobody_can_read_is_replaced(desk: Any, to: Addresses, text: str) -> None:
    desk.parameters[PARAMETER] = text

    assert kept_record(to) is None
    assert report(RECORD, to)
    assert kept_record(to) == RECORD


def test_a_parameter_that_may_not_be_read_is_no_missing_one(desk: Any, to: Addresses) -> None:
    desk.broken = {"GetParameter"}

    with pytest.raises(ClientError):
        report(RECORD, to)
    assert desk.told == []
