"""A person reads the message at night, on a telephone."""

from dataclasses import replace
from pathlib import Path

import pytest

from mlops.rollout.record import ReleaseRecord
from mlops_handlers.rollout.announcement import message, subject

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
    reasons=("release b is live instead of a", "the alarm was red"),
    red_alarms=("the alarm",),
    canary_invocations=300,
    live_version=3,
    time="2026-01-01T12:00:00+00:00",
)


def test_the_subject_says_where_what_and_how_it_went() -> None:
    assert subject(RECORD) == "prod: churn version 4 is unhealthy"


def test_a_subject_is_one_that_sns_takes() -> None:
    long = subject(replace(RECORD, model="über-" * 40))

    assert len(long) == 100
    assert long.isascii()
    assert long.isprintable()


def test_the_message_says_what_serves_why_and_what_follows() -> None:
    text = message(RECORD)

    assert text.startswith(
        "The deployment of version 4 of churn in prod is unhealthy. Version 3 serves now.\n"
    )
    assert "Cause: model\n- release b is live instead of a\n- the alarm was red\n" in text
    assert "the release automation moves its pin back, and holds the version here" in text
    assert "`mlops release rollback churn prod`" in text
    assert text.endswith("Runbook: docs/runbooks/canary-rolled-back.md\n")


@pytest.mark.parametrize(
    ("outcome", "cause", "said"),
    [
        ("unhealthy", "infrastructure", "The version is not rejected: it was not at fault."),
        ("unhealthy", "unknown", "not rejected, because the evidence does not suffice"),
        ("inconclusive", "unknown", "not rejected, because the evidence does not suffice"),
    ],
)
def test_nobody_is_told_of_a_rejection_that_will_not_come(
    outcome: str, cause: str, said: str
) -> None:
    text = message(replace(RECORD, outcome=outcome, cause=cause))

    assert said in text
    assert "holds the version" not in text


def test_an_inconclusive_release_leads_to_its_own_runbook() -> None:
    text = message(replace(RECORD, outcome="inconclusive", cause="unknown"))

    assert "docs/runbooks/release-inconclusive.md" in text


def test_what_serves_may_be_unknown() -> None:
    assert "The version in service is unknown." in message(replace(RECORD, live_version=None))


def test_the_runbooks_exist(root: Path) -> None:
    for outcome in ("unhealthy", "inconclusive"):
        runbook = message(replace(RECORD, outcome=outcome)).rpartition("Runbook: ")[2].strip()
        assert (root / runbook).is_file()
