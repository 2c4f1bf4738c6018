"""Fails the deployment of a release that is not live, or not proven; reverts nothing."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.rollout.alarm import State
from mlops.rollout.verdict import Evidence, Outcome, Verdict, judge
from mlops_constructs.handlers.canary_traffic import CanaryBake, Fleet, canary_invocations
from mlops_constructs.handlers.clients import client
from mlops_constructs.handlers.cloudformation import Answer, respond
from mlops_constructs.handlers.contract import contract_cases
from mlops_constructs.handlers.live_release import LiveRelease, live_release

LOG: Final = logging.getLogger()
PAUSE_SECONDS: Final = 20
PATIENCE_SECONDS: Final = 300
"""How long metrics and alarms may be behind the endpoint."""
_PROCEED: Final = {
    Outcome.UNHEALTHY: (
        "The endpoint was left as it is. Pin the version that runs in config/releases.yaml and "
        "deploy, or release a mended one. See docs/runbooks/canary-rolled-back.md"
    ),
    Outcome.INCONCLUSIVE: (
        "Nothing was reverted. Release again with more traffic, a longer bake or a larger share, "
        "or lower endpoint.canary.minimum_invocations. See docs/runbooks/release-inconclusive.md"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """The release that was asked for, as literals of the template."""

    endpoint: str
    release: str
    package: str
    """Account, group and version: what is left of the package's ARN after its region."""
    alarms: tuple[str, ...]
    minimum_invocations: int
    bake: CanaryBake
    longest: timedelta
    """How long the deployment may have taken."""
    settings_only: bool

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Expectation":
        """Read a custom resource's event, in which CloudFormation makes every number a string."""
        asked, before = event["ResourceProperties"], event.get("OldResourceProperties", {})
        return cls(
            endpoint=asked["EndpointName"],
            release=asked["Release"],
            package=asked["ModelPackage"],
            alarms=tuple(asked["AlarmNames"]),
            minimum_invocations=int(asked["MinimumInvocations"]),
            bake=CanaryBake(
                share=int(asked["SharePercent"]) / 100,
                length=timedelta(minutes=int(asked["BakeMinutes"])),
            ),
            longest=timedelta(minutes=int(asked["DeploymentMinutes"])),
            settings_only=before.get("Release") == asked["Release"],
        )


def handler(event: dict[str, Any], _context: object) -> None:
    """Judge the release and answer CloudFormation, whatever happens on the way."""
    answer = Answer(succeeded=False, reason="the check itself failed; its log says why")
    try:
        answer = _answer(event)
    finally:
        respond(event, answer)


def _answer(event: Mapping[str, Any]) -> Answer:
    if event["RequestType"] == "Delete":
        return Answer(succeeded=True, reason="a check leaves nothing to delete")
    if _is_rolled_back(event["StackId"]):
        return Answer(succeeded=True, reason="a check has nothing to roll back")
    verdict = judged(Expectation.from_event(event))
    LOG.warning("%s: %s", verdict.outcome, "; ".join(verdict.reasons))
    return Answer(succeeded=verdict.passed, reason=_reason(verdict))


def _is_rolled_back(stack_id: str) -> bool:
    """Whether this update is CloudFormation's way back from one that failed."""
    (stack,) = client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    return "ROLLBACK" in stack["StackStatus"]


def judged(expected: Expectation) -> Verdict:
    """The verdict; while it is inconclusive, waits a bounded time for what may still arrive."""
    smoke: bool | None = None
    for _ in range(PATIENCE_SECONDS // PAUSE_SECONDS):
        live = live_release(client("sagemaker"), expected.endpoint)
        if smoke is None and _is_first(expected, live):
            smoke = _smoke_call(expected.endpoint)
        verdict = judge(_evidence(expected, live, smoke=smoke))
        if verdict.outcome is not Outcome.INCONCLUSIVE:
            return verdict
        time.sleep(PAUSE_SECONDS)
    return verdict


def _evidence(expected: Expectation, live: LiveRelease, *, smoke: bool | None) -> Evidence:
    evidence = Evidence(
        requested_release=expected.release,
        live_release=_named(expected, live),
        endpoint_status=live.status,
        alarm_states=_alarm_states(expected.alarms),
        minimum_invocations=expected.minimum_invocations,
        smoke_call_passed=smoke,
    )
    if _is_first(expected, live):
        return replace(evidence, first_release=True)
    if expected.settings_only:
        return replace(evidence, settings_only=True)
    if evidence.live_release != expected.release:
        return evidence  # the requests of another release prove nothing about this one
    return replace(evidence, canary_invocations=_canary_invocations(expected, live))


def _is_first(expected: Expectation, live: LiveRelease) -> bool:
    """Whether the requested release is the endpoint's first, and not one that it fell back to."""
    return live.first and _named(expected, live) == expected.release


def _named(expected: Expectation, live: LiveRelease) -> str | None:
    """The live release's name; a tag on another package than the requested one proves nothing."""
    if live.package is not None and not live.package.endswith(f":{expected.package}"):
        return f"{live.release} ({live.package})"
    return live.release if live.package else None


def _canary_invocations(expected: Expectation, live: LiveRelease) -> int | None:
    fleet = Fleet(
        endpoint=expected.endpoint,
        variant=live.variant,
        config=live.config,
        start=live.began,
        end=live.began + expected.longest,
    )
    return canary_invocations(client("cloudwatch"), fleet, expected.bake)


def _alarm_states(names: tuple[str, ...]) -> dict[str, State]:
    """State of every alarm; one that is not there has seen nothing."""
    found = client("cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    known = {alarm["AlarmName"]: State(alarm["StateValue"]) for alarm in found}
    return {name: known.get(name, State.INSUFFICIENT_DATA) for name in names}


def _smoke_call(endpoint: str) -> bool:
    """Whether the endpoint answers the contract's first example at all."""
    case = contract_cases()[0]
    try:
        client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, ContentType=case.content_type, Body=case.body
        )
    except ClientError as error:
        LOG.warning("smoke call: %s", error)
        return False
    return True


def _reason(verdict: Verdict) -> str:
    told = "; ".join(verdict.reasons)
    proceed = _PROCEED.get(verdict.outcome)
    return f"{verdict.outcome}: {told}. {proceed}" if proceed else told
