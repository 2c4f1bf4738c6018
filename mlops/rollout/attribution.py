"""Whose fault an unsuccessful deployment was, as far as its evidence goes.

A version that is blamed is rejected for every stage, by a machine and at night. So blame takes all
of the evidence at once; whatever is missing leaves the cause unknown, and a person looks.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mlops.rollout.fleets import Fleets, FleetSums, needs_comparison
from mlops.rollout.verdict import Outcome

ENOUGH_FOR_BLAME: Final = 100
"""Requests of a canary; a bad one is rolled back long before a whole bake's minimum is reached."""


class Cause(StrEnum):
    """Why a deployment did not succeed."""

    MODEL = "model"
    INFRASTRUCTURE = "infrastructure"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What is known of one deployment that did not succeed.

    Raises:
        ValueError: there is nothing to attribute, or silence would count as traffic.
    """

    outcome: Outcome
    version: int
    """The version that was deployed."""
    live_version: int | None
    """The version that serves now; None if that cannot be told."""
    red_alarms: tuple[str, ...]
    """Rollback alarms of this release that were red between the deployment's start and its end."""
    canary_invocations: int | None
    """Requests that the new fleet answered as a canary; None if not known."""
    minimum_invocations: int
    fleets: Fleets | None = None
    """What both fleets showed; None if not known."""
    failure_reason: str = ""
    """SageMaker's own words, as in DescribeEndpoint; often it has none."""

    def __post_init__(self) -> None:
        if self.outcome is Outcome.HEALTHY:
            raise ValueError("a healthy deployment has no cause to look for")
        if self.minimum_invocations < 1:
            raise ValueError(
                f"minimum_invocations is {self.minimum_invocations}; use 1 or more: "
                "a canary without traffic proves nothing"
            )


def needed_for_blame(minimum_invocations: int) -> int:
    """How many requests a canary must have answered for blame, by what a verdict needs."""
    return min(minimum_invocations, ENOUGH_FOR_BLAME)


def attribute(attempt: Attempt) -> tuple[Cause, str]:
    """The cause, and what speaks for it or against a firmer one."""
    found = infrastructure_words(attempt.failure_reason)
    if found:
        told = "; ".join(f"{kind} ({words})" for kind, words in found.items())
        return Cause.INFRASTRUCTURE, f"SageMaker's failure reason names {told}"
    doubt = next((doubt for rule in _RULES for doubt in rule(attempt)), None)
    if doubt is not None:
        return Cause.UNKNOWN, doubt
    beside = "" if attempt.fleets is None else f"; {_beside(attempt.fleets)}"
    return Cause.MODEL, (
        f"{_listed(attempt.red_alarms)} red while the canary of version {attempt.version} "
        f"answered {attempt.canary_invocations} requests{beside}"
    )


def awaits_traffic(attempt: Attempt) -> bool:
    """Whether only requests are missing for the model to be blamed; metrics come minutes late."""
    counted = replace(attempt, canary_invocations=attempt.minimum_invocations, fleets=_FAILED_ALONE)
    return attribute(attempt)[0] is Cause.UNKNOWN and attribute(counted)[0] is Cause.MODEL


def infrastructure_words(failure_reason: str) -> dict[str, str]:
    """What in SageMaker's words is not a model's fault: the kind, and the words that say so."""
    matches = {kind: pattern.search(failure_reason) for kind, pattern in _INFRASTRUCTURE.items()}
    return {kind: match[0] for kind, match in matches.items() if match}


def _it_failed(attempt: Attempt) -> Iterator[str]:
    if attempt.outcome is not Outcome.UNHEALTHY:
        yield f"the release is {attempt.outcome}, which proves no fault"


def _another_version_serves(attempt: Attempt) -> Iterator[str]:
    if attempt.live_version is None:
        yield "the version in service is unknown"
    elif attempt.live_version == attempt.version:
        # Its other deployment proves every minute that the version can do it.
        yield f"version {attempt.version} serves right now, so its deployment failed and not it"


def _an_alarm_was_red(attempt: Attempt) -> Iterator[str]:
    if not attempt.red_alarms:
        yield "no rollback alarm of this release was red"


def _the_canary_had_traffic(attempt: Attempt) -> Iterator[str]:
    seen, needed = attempt.canary_invocations, attempt.minimum_invocations
    if seen is None:
        yield "how many requests the canary answered is not known"
    elif seen < needed:
        yield (
            f"the canary answered {seen} requests, fewer than the {needed} that blame needs "
            f"({_listed(attempt.red_alarms)} red)"
        )


def _the_new_fleet_did_worse(attempt: Attempt) -> Iterator[str]:
    if not all(needs_comparison(alarm) for alarm in attempt.red_alarms):
        return
    if attempt.fleets is None:
        yield "how the old fleet did meanwhile is not known"
    elif not any(map(attempt.fleets.new_is_worse, attempt.red_alarms)):
        yield (
            f"{_listed(attempt.red_alarms)} red, and the new fleet did no worse than the old one: "
            f"{_beside(attempt.fleets)}"
        )


def _beside(fleets: Fleets) -> str:
    return f"new fleet: {fleets.new}; old fleet: {fleets.old}"


_FAILED_ALONE: Final = Fleets(
    old=FleetSums(requests=1000, latency_microseconds=1),
    new=FleetSums(requests=1000, server_errors=1000, latency_microseconds=1e9),
)
_RULES: Final[tuple[Callable[[Attempt], Iterator[str]], ...]] = (
    _it_failed,
    _another_version_serves,
    _an_alarm_was_red,
    _the_canary_had_traffic,
    _the_new_fleet_did_worse,
)


def _listed(alarms: tuple[str, ...]) -> str:
    return f"{', '.join(alarms)} {'was' if len(alarms) == 1 else 'were'}"


def _words(*phrases: str) -> re.Pattern[str]:
    # No hyphen beside it: endpoints and alarms have hyphenated names that may hold any word.
    return re.compile(rf"(?<![\w-])(?:{'|'.join(phrases)})(?![\w-])", re.IGNORECASE)


# SageMaker documents no list. These are the words of real failure reasons: of AWS re:Post's page
# "sagemaker-endpoint-creation-fail", of the Developer Guide ("Supported Regions and Quotas",
# "Deployment guardrails"), and as people quote them in the issues of aws/amazon-sagemaker-examples,
# aws/deep-learning-containers, aws/amazon-sagemaker-feedback, aws-samples/aws-genai-llm-chatbot and
# philschmid/llm-sagemaker-sample. "Capacity" alone is none: "baking with traffic enabled on canary
# capacity of 1 instance(s)" is how every canary goes. "Did not pass the ping health check" and
# "failed to extract model data archive" are none either: there the model itself may be at fault,
# but no canary ever answered, so that the cause stays unknown.
_INFRASTRUCTURE: Final[dict[str, re.Pattern[str]]] = {
    "capacity": _words(
        r"\w*Insufficient\w*Capacity\w*",
        r"\w*CapacityError",
        r"compute capacity",
        r"(?:not enough|insufficient|sufficient)(?: \S+)? capacity",
    ),
    "a quota": _words(r"\w*LimitExceeded\w*", r"service limits?", r"\w*quotas?\w*"),
    "a permission": _words(
        r"\w*AccessDenied\w*",
        r"access (?:is |was )?denied",
        r"(?:not|un)\s?authorized",
        r"permissions?",
        r"explicit deny",
        r"sts:AssumeRole",
        r"assume (?:the )?role",
    ),
    "a key": _words(r"KMS\w*", r"encryption key"),
    "an image": _words(
        r"images? included in the model",
        r"image \S+ does not exist",
        r"image does not exist",
        r"Cannot\s?Pull\w*",
        r"pull(?:ing)? (?:the |an )?image",
    ),
    "the model's data": _words(
        r"could not (?:find|access|download) model data", r"failed to download model data"
    ),
    "throttling": _words(r"\w*Throttl\w*", r"rate exceeded", r"TooManyRequests\w*"),
    "the network": _words(
        r"subnets?",
        r"ENIs?",
        r"network interfaces?",
        r"security groups?",
        r"VPCs?",
        r"availability zones?",
    ),
    "SageMaker itself": _words(
        r"request to service failed",
        r"internal (?:server |service )?(?:error|failure)",
        r"Internal\w*(?:Error|Exception|Failure)",
        r"service (?:is )?unavailable",
        r"ServiceUnavailable\w*",
    ),
}
