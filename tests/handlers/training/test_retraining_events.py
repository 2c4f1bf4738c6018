"""What wakes a retraining, and what of it is kept."""

import re
from typing import Any

import botocore.session
import pytest

from mlops_handlers.training.retraining import Trigger
from mlops_handlers.training.retraining_events import (
    SCHEDULED,
    UnknownEventError,
    Wake,
    wake_of,
)


def alarm(state: str = "ALARM", name: str = "acme-prod-churn-drift") -> dict[str, Any]:
    return {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "detail": {
            "alarmName": name,
            "state": {"value": state, "timestamp": "2026-11-28T02:15:00.000+0000"},
        },
    }


def drift(report: str) -> dict[str, Any]:
    return {
        "source": "mlops.monitoring",
        "detail-type": "Mlops Drift Found",
        "detail": {"schema": 1, "model": "churn", "stage": "prod", "report": report},
    }


def published(key: str) -> dict[str, Any]:
    detail = {"bucket": {"name": "acme-dev-artifacts"}, "object": {"key": key, "size": 3}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def test_a_red_alarm_is_drift_and_its_name_and_moment_are_the_evidence() -> None:
    evidence = "alarm acme-prod-churn-drift at 2026-11-28T02:15:00.000+0000"

    assert wake_of(alarm()) == Wake(trigger=Trigger.DRIFT, evidence=evidence)


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_an_alarm_of_another_colour_asks_for_nothing(state: str) -> None:
    assert wake_of(alarm(state)) is None


def test_the_report_of_a_window_is_the_evidence_of_its_drift() -> None:
    report = "s3://captures/monitoring/churn/2026-11-27/report.json"

    assert wake_of(drift(report)) == Wake(trigger=Trigger.DRIFT, evidence=report)


def test_published_data_is_its_own_evidence() -> None:
    wake = wake_of(published("data/churn/0123/rows.csv.gz"))

    place = "s3://acme-dev-artifacts/data/churn/0123/rows.csv.gz"
    assert wake == Wake(trigger=Trigger.DATA, evidence=place)


def test_the_clock_hands_over_what_the_schedule_holds() -> None:
    wake = wake_of(SCHEDULED)

    assert wake is not None
    assert wake.trigger is Trigger.SCHEDULE


@pytest.mark.parametrize(
    "key", ["data/churn/a,b (copy)[1].csv", "data/churn/" + "x" * 300, "ä ß\n"]
)
def test_the_registry_takes_every_evidence_as_metadata(key: str) -> None:
    wake = wake_of(published(key))

    model = botocore.session.get_session().get_service_model("sagemaker")
    value = model.shape_for("CustomerMetadataValue").metadata
    assert wake is not None
    assert len(wake.evidence) <= value["max"] == 256
    assert value["pattern"] == r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}"
    assert re.fullmatch(r"[\w .:/=+@-]+", wake.evidence)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"trigger": "person"},
        {**alarm(), "source": "somebody"},
        {**drift("s3://b"), "detail-type": "x"},
    ],
)
def test_an_event_that_no_rule_sends_is_an_error(event: dict[str, Any]) -> None:
    with pytest.raises(UnknownEventError, match="nothing is known"):
        wake_of(event)
