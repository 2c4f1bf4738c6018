"""Blame takes every piece of evidence; whatever is missing leaves the cause unknown."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout.attribution import (
    Attempt,
    Cause,
    attribute,
    awaits_traffic,
    infrastructure_words,
)
from mlops.rollout.fleets import Fleets, FleetSums
from mlops.rollout.verdict import Outcome

FINE = FleetSums(requests=3000, server_errors=3, failures=3, latency_microseconds=6e7)
BLAMED = Attempt(
    outcome=Outcome.UNHEALTHY,
    version=4,
    live_version=3,
    red_alarms=("acme-prod-churn-rollback-server-errors-aaaaaaaaaaaa",),
    canary_invocations=412,
    minimum_invocations=100,
    fleets=Fleets(
        old=FINE,
        new=FleetSums(requests=412, server_errors=40, failures=40, latency_microseconds=8e6),
    ),
)
MODEL, INFRASTRUCTURE, UNKNOWN = Cause.MODEL, Cause.INFRASTRUCTURE, Cause.UNKNOWN
PING = "The primary container for production variant AllTraffic did not pass the ping health check."

# Failure reasons as people met them, shortened, and the kind that each names.
REAL = [
    ("Unable to provision requested ML compute capacity. Please retry later.", "capacity"),
    ("Provisioning failed due to InsufficientInstanceCapacity error.", "capacity"),
    ("CapacityError: Please retry using a different ML instance type.", "capacity"),
    ("EC2InsufficientCapacityError: Instance type 'ml.g5.48xlarge' is unavailable", "capacity"),
    ("There is not enough capacity for instance type ml.g6.2xlarge.", "capacity"),
    ("The account-level service limit 'ml.m5.large for endpoint usage' is 0", "a quota"),
    ("ResourceLimitExceeded: please use AWS Service Quotas", "a quota"),
    ("Please make sure all images included in the model for the variant exist", "an image"),
    (
        "Ensure that the role used to create the model has permissions to access them",
        "a permission",
    ),
    ("The role does not have permission to ecr:BatchGetImage", "a permission"),
    ("AccessDeniedException: the user may not call s3:GetObject", "a permission"),
    ("The user is not authorized to perform: s3:GetObject", "a permission"),
    ("an explicit deny in a service control policy", "a permission"),
    ("the trust relationship must allow the action sts:AssumeRole", "a permission"),
    ("Could not find model data at s3://bucket/model.tar.gz.", "the model's data"),
    ("Could not access model data at s3://bucket/model.tar.gz.", "the model's data"),
    ("The specified image does not exist in the registry", "an image"),
    ("CannotPullContainerError: manifest unknown", "an image"),
    ("KMSAccessDeniedException: the ciphertext refers to another key", "a key"),
    ("arn:aws:kms:eu-west-1:400000000000:key/1 is disabled", "a key"),
    ("ThrottlingException: slow down", "throttling"),
    ("Rate exceeded", "throttling"),
    ("There are not enough free addresses in subnet 'subnet-0123'.", "the network"),
    ("Unable to create network interfaces", "the network"),
    ("Request to service failed. If failure persists, contact support.", "SageMaker itself"),
    ("InternalServerException", "SageMaker itself"),
]


def test_a_red_alarm_and_enough_requests_blame_the_version_that_no_longer_serves() -> None:
    cause, reason = attribute(BLAMED)

    assert cause is MODEL
    assert reason == (
        "acme-prod-churn-rollback-server-errors-aaaaaaaaaaaa was red while the canary of version 4 "
        "answered 412 requests; new fleet: 9.7% of 412 requests failed, 19.4 ms on average; "
        "old fleet: 0.1% of 3,000 requests failed, 20 ms on average"
    )


@pytest.mark.parametrize(
    ("changed", "cause", "reason"),
    [
        ({"canary_invocations": 100}, MODEL, "answered 100 requests"),
        ({"red_alarms": ("a", "b")}, MODEL, "a, b were red"),
        ({"failure_reason": PING}, MODEL, "was red"),
        ({"red_alarms": ()}, UNKNOWN, "no rollback alarm of this release was red"),
        ({"red_alarms": (), "failure_reason": PING}, UNKNOWN, "no rollback alarm"),
        ({"canary_invocations": 99}, UNKNOWN, "99 requests, fewer than the 100"),
        ({"canary_invocations": 0}, UNKNOWN, "0 requests"),
        ({"canary_invocations": None}, UNKNOWN, "is not known"),
        ({"fleets": None}, UNKNOWN, "how the old fleet did meanwhile is not known"),
        ({"fleets": Fleets(old=FINE, new=FINE)}, UNKNOWN, "did no worse than the old one"),
        ({"fleets": None, "red_alarms": ("x-rollback-wrong-answers-a",)}, MODEL, "was red"),
        ({"fleets": None, "red_alarms": ("x-rollback-client-errors-a",)}, MODEL, "was red"),
        ({"live_version": 4}, UNKNOWN, "version 4 serves right now"),
        ({"live_version": None}, UNKNOWN, "service is unknown"),
        ({"outcome": Outcome.INCONCLUSIVE}, UNKNOWN, "inconclusive, which proves no fault"),
        (
            {"failure_reason": "InsufficientInstanceCapacity"},
            INFRASTRUCTURE,
            "names capacity (InsufficientInstanceCapacity)",
        ),
        (
            {"outcome": Outcome.INCONCLUSIVE, "failure_reason": "ThrottlingException"},
            INFRASTRUCTURE,
            "throttling",
        ),
        (
            {"red_alarms": (), "failure_reason": "AccessDenied by KMS"},
            INFRASTRUCTURE,
            "a permission (AccessDenied); a key (KMS)",
        ),
    ],
)
def test_evidence_has_a_cause_and_a_reason(
    changed: dict[str, Any], cause: Cause, reason: str
) -> None:
    found, told = attribute(replace(BLAMED, **changed))

    assert found is cause
    assert reason in told


@pytest.mark.parametrize(("text", "kind"), REAL)
def test_what_sagemaker_really_says_is_understood(text: str, kind: str) -> None:
    assert kind in infrastructure_words(text)
    assert attribute(replace(BLAMED, failure_reason=text))[0] is INFRASTRUCTURE


@pytest.mark.parametrize(
    "text",
    [
        "",
        PING,
        "Failed to extract model data archive from URL. The object is no valid tar.gz archive.",
        "Baking for 600 seconds with traffic enabled on canary capacity of 1 instance(s).",
        "Alarm acme-prod-kms-throttling-rollback-quota-aaaaaaaaaaaa is red, rolled back",
        "endpoint acme-prod-network-permissions was rolled back",
        "endpoint kms-prod-churn was rolled back",
    ],
)
def test_the_ordinary_course_and_hyphenated_names_are_no_infrastructure(text: str) -> None:
    assert infrastructure_words(text) == {}


@pytest.mark.parametrize(
    ("changed", "waits"),
    [
        ({"canary_invocations": None}, True),
        ({"canary_invocations": 99}, True),
        ({}, False),
        ({"fleets": None}, True),
        ({"canary_invocations": 0, "red_alarms": ()}, False),
        ({"canary_invocations": 0, "live_version": 4}, False),
        ({"canary_invocations": 0, "failure_reason": "AccessDenied"}, False),
        ({"canary_invocations": 0, "outcome": Outcome.INCONCLUSIVE}, False),
    ],
)
def test_only_missing_requests_are_worth_waiting_for(changed: dict[str, Any], waits: bool) -> None:
    assert awaits_traffic(replace(BLAMED, **changed)) is waits


def test_a_healthy_deployment_has_no_cause() -> None:
    with pytest.raises(ValueError, match="no cause to look for"):
        replace(BLAMED, outcome=Outcome.HEALTHY)


@pytest.mark.parametrize("minimum", [0, -1])
def test_a_minimum_that_silence_would_reach_is_refused(minimum: int) -> None:
    with pytest.raises(ValueError, match="use 1 or more"):
        replace(BLAMED, minimum_invocations=minimum)


_counts = st.none() | st.integers(0, 500)
_reasons = st.sampled_from(["", PING, *(text for text, _ in REAL)]) | st.text(max_size=80)
_attempts = st.builds(
    Attempt,
    outcome=st.sampled_from([Outcome.INCONCLUSIVE, Outcome.UNHEALTHY]),
    version=st.integers(1, 4),
    live_version=st.none() | st.integers(1, 4),
    red_alarms=st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True).map(tuple),
    canary_invocations=_counts,
    minimum_invocations=st.integers(1, 300),
    failure_reason=_reasons,
)
_examples = settings(max_examples=500)


@_examples
@given(attempt=_attempts)
def test_blame_takes_everything_at_once(attempt: Attempt) -> None:
    cause, reason = attribute(attempt)

    assert reason
    assert (cause is MODEL) == (
        attempt.outcome is Outcome.UNHEALTHY
        and attempt.red_alarms != ()
        and (attempt.canary_invocations or 0) >= attempt.minimum_invocations
        and attempt.live_version not in (None, attempt.version)
        and not infrastructure_words(attempt.failure_reason)
    )


@_examples
@given(
    attempt=_attempts,
    before=st.text(max_size=20),
    word=st.sampled_from([text for text, _ in REAL]),
)
def test_a_word_of_infrastructure_anywhere_in_the_reason_blames_no_model(
    attempt: Attempt, before: str, word: str
) -> None:
    reason = f"{before} {word} {attempt.failure_reason}"

    assert attribute(replace(attempt, failure_reason=reason))[0] is INFRASTRUCTURE


# Every kind of evidence from firm to weak; a step to the right never blames the model.
_LADDERS: dict[str, tuple[Any, ...]] = {
    "outcome": (Outcome.UNHEALTHY, Outcome.INCONCLUSIVE),
    "live_version": (3, 4),
    "red_alarms": (BLAMED.red_alarms, ()),
    "canary_invocations": (500, 100, 99, 0, None),
    "minimum_invocations": (1, 100, 5000),
    "failure_reason": ("", "ThrottlingException"),
    "fleets": (BLAMED.fleets, Fleets(old=FINE, new=FINE), None),
}
_rungs = st.fixed_dictionaries(
    {key: st.integers(0, len(ladder) - 1) for key, ladder in _LADDERS.items()}
)


def _attempt(rungs: dict[str, int]) -> Attempt:
    return replace(BLAMED, **{key: _LADDERS[key][rung] for key, rung in rungs.items()})


@_examples
@given(rungs=_rungs, key=st.sampled_from(sorted(_LADDERS)))
def test_weaker_evidence_never_blames_a_model_that_stronger_did_not(
    rungs: dict[str, int], key: str
) -> None:
    lower = {**rungs, key: min(rungs[key] + 1, len(_LADDERS[key]) - 1)}

    if attribute(_attempt(rungs))[0] is not MODEL:
        assert attribute(_attempt(lower))[0] is not MODEL
