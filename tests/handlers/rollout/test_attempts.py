"""The evidence on one deployment, gathered from the services, and the record made of it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops.rollout.attribution import Cause, attribute
from mlops.rollout.verdict import Outcome
from mlops_handlers.deployments import deployment
from mlops_handlers.rollout import attempts
from mlops_handlers.rollout.attempts import Place, Terms
from mlops_handlers.rollout.canary_traffic import CanaryBake
from mlops_handlers.rollout.live_release import live_release

START = datetime(2026, 1, 1, tzinfo=UTC)
SHIFT = START + timedelta(hours=1, minutes=20)
ENDPOINT = "acme-prod-churn"
ALARM = "acme-prod-churn-rollback-latency-new"
PLACE = Place(stage="prod", model="churn", endpoint=ENDPOINT)
TERMS = Terms(
    minimum_invocations=100,
    bake=CanaryBake(share=0.1, length=timedelta(minutes=10)),
    longest=timedelta(hours=1),
)


@pytest.fixture
def rolled_back(endpoints: Any, cloudwatch: Any) -> Any:
    """Version 4 after its canary of ten minutes, version 3 in service."""
    endpoints.create(endpoints.add_config("old", version=3))
    endpoints.release(endpoints.add_config("new", version=4), rolled_back=True)
    cloudwatch.canary("config-old", "config-new", start=SHIFT, per_minute=30)
    cloudwatch.turned(ALARM, "ALARM", SHIFT + timedelta(minutes=5))
    return endpoints


def attempt(aws: Any) -> Any:
    sagemaker = aws.client("sagemaker")
    return attempts.attempt_of(
        deployment(sagemaker, "config-new"),
        live_release(sagemaker, ENDPOINT),
        outcome=Outcome.UNHEALTHY,
        endpoint=ENDPOINT,
        alarms=(ALARM,),
        terms=TERMS,
    )


def test_the_evidence_is_of_this_deployment_and_its_time(aws: Any, rolled_back: Any) -> None:
    rolled_back.failure_reason = "because"

    found = attempt(aws)

    assert (found.version, found.live_version) == (4, 3)
    assert found.red_alarms == (ALARM,)
    assert found.canary_invocations == 300
    assert (found.minimum_invocations, found.failure_reason) == (100, "because")


def test_what_happened_before_the_config_was_made_is_no_evidence(
    aws: Any, rolled_back: Any
) -> None:
    rolled_back.configs["config-new"]["created"] = SHIFT + timedelta(minutes=9)

    found = attempt(aws)

    assert (found.red_alarms, found.canary_invocations) == ((), 30)


def test_while_only_requests_are_missing_they_are_waited_for(
    aws: Any, rolled_back: Any, cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def arrive(_: float) -> None:
        cloudwatch.canary("config-old", "config-new", start=SHIFT, per_minute=30)

    cloudwatch.requests["config-new"] = {}
    monkeypatch.setattr("time.sleep", arrive)

    assert attempts.settled(lambda: attempt(aws)).canary_invocations == 300


@pytest.mark.usefixtures("rolled_back")
def test_the_wait_is_bounded(aws: Any, cloudwatch: Any, clock: Any) -> None:
    cloudwatch.requests["config-new"] = {}

    assert attempts.settled(lambda: attempt(aws)).canary_invocations == 0
    assert clock.now == attempts.PATIENCE_SECONDS


@pytest.mark.usefixtures("rolled_back")
def test_what_no_request_would_decide_is_not_waited_for(
    aws: Any, cloudwatch: Any, clock: Any
) -> None:
    cloudwatch.requests["config-new"] = {}
    cloudwatch.history = []

    attempts.settled(lambda: attempt(aws))

    assert clock.now == 0


def test_a_failure_is_recorded_with_its_cause_and_sagemakers_words(
    aws: Any, rolled_back: Any
) -> None:
    rolled_back.failure_reason = "Alarm is red"
    failed = deployment(aws.client("sagemaker"), "config-new")

    record = attempts.record_of_failure(
        PLACE, failed, reasons=("old is live",), attempt=attempt(aws)
    )

    assert (record.stage, record.model, record.endpoint) == ("prod", "churn", ENDPOINT)
    assert (record.release, record.version, record.deployment) == ("new", 4, "config-new")
    assert (record.outcome, record.cause, record.live_version) == ("unhealthy", "model", 3)
    assert record.reasons == (
        "old is live",
        (
            f"{ALARM} was red while the canary of version 4 answered 300 requests; "
            "new fleet: 20.0% of 300 requests failed, 900 ms on average; "
            "old fleet: 0.0% of 5,700 requests failed, 20 ms on average"
        ),
        "SageMaker says: Alarm is red",
    )
    assert record.blames_the_model
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record.time)


def test_a_success_is_recorded_without_a_cause(aws: Any, rolled_back: Any) -> None:
    live = live_release(aws.client("sagemaker"), ENDPOINT)

    record = attempts.record_of_success(
        PLACE, live, reasons=("it is live",), canary_invocations=None
    )

    assert (record.outcome, record.cause) == ("healthy", None)
    assert (record.version, record.live_version) == (3, 3)
    assert record.reasons == ("it is live",)


def test_a_deployment_of_no_version_is_refused_by_name(aws: Any, rolled_back: Any) -> None:
    rolled_back.configs["config-new"]["package"] = (
        "arn:aws:sagemaker:eu-west-1:200000000000:model-package/x"
    )

    with pytest.raises(ValueError, match="config-new serves no registered version"):
        attempt(aws)


@pytest.mark.usefixtures("rolled_back")
def test_a_version_that_is_rolled_back_early_is_blamed_before_a_whole_bakes_minimum(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.TERMS", replace(TERMS, minimum_invocations=700))

    assert attempt(aws).minimum_invocations == 100
    assert attribute(attempt(aws))[0] is Cause.MODEL
