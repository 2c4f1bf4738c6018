"""Fails the deployment of a release that is not live, or not proven; reverts nothing.

What came of the deployment is recorded and told as well: the next stage, and the release automation
decide by it.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.rollout.alarm import State
from mlops.rollout.attribution import Attempt
from mlops.rollout.content import UNRECORDED
from mlops.rollout.record import ReleaseRecord
from mlops.rollout.verdict import Evidence, Outcome, Verdict, judge
from mlops_handlers.clients import client
from mlops_handlers.deployments import Deployment, newest_deployment
from mlops_handlers.rollout.attempts import (
    Place,
    Terms,
    attempt_of,
    fleet_of,
    record_of_failure,
    record_of_success,
    settled,
)
from mlops_handlers.rollout.canary_traffic import (
    CanaryBake,
    canary_invocations,
    endpoint_invocations,
)
from mlops_handlers.rollout.cloudformation import Answer, respond
from mlops_handlers.rollout.contract import contract_cases
from mlops_handlers.rollout.live_release import LiveRelease, live_release
from mlops_handlers.rollout.release_reports import Addresses, report

LOG: Final = logging.getLogger()
PAUSE_SECONDS: Final = 20
PATIENCE_SECONDS: Final = 300
"""How long metrics and alarms may be behind the endpoint."""
_PROCEED: Final = {
    Outcome.UNHEALTHY: (
        "The endpoint was left as it is. Unless the release automation does, pin the version that "
        "runs in config/releases.yaml, or release a fixed one. "
        "See docs/runbooks/canary-rolled-back.md"
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
    content: str
    """Hash of the archive that was released; UNRECORDED where the release fixed none."""
    image: str
    """Digest of the image that was released; UNRECORDED where the release fixed none."""
    alarms: tuple[str, ...]
    terms: Terms
    settings_only: bool

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Expectation":
        """Read a custom resource's event, in which CloudFormation makes every number a string."""
        asked, before = event["ResourceProperties"], event.get("OldResourceProperties", {})
        return cls(
            endpoint=asked["EndpointName"],
            release=asked["Release"],
            package=asked["ModelPackage"],
            content=asked["Content"],
            image=asked["Image"],
            alarms=tuple(asked["AlarmNames"]),
            terms=Terms(
                minimum_invocations=int(asked["MinimumInvocations"]),
                bake=CanaryBake(
                    share=int(asked["SharePercent"]) / 100,
                    length=timedelta(minutes=int(asked["BakeMinutes"])),
                ),
                longest=timedelta(minutes=int(asked["DeploymentMinutes"])),
            ),
            settings_only=before.get("Release") == asked["Release"],
        )


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict, and what it was given on."""

    verdict: Verdict
    evidence: Evidence
    live: LiveRelease


def handler(event: dict[str, Any], _context: object) -> None:
    """Judge the release and answer CloudFormation, whatever happens on the way."""
    answer = Answer(succeeded=False, reason="the check itself failed; its log says why")
    try:
        for answer in _answers(event):
            LOG.info("so far: %s", answer.reason)
    finally:
        LOG.warning("%s", answer.reason)
        respond(event, answer)


def _answers(event: Mapping[str, Any]) -> Iterator[Answer]:
    """The answer as far as it is known; each replaces the one before.

    A verdict that cannot be recorded is answered all the same. The error is raised after that, so
    that Lambda calls again, and a repeated answer is one that CloudFormation no longer waits for.
    """
    if event["RequestType"] == "Delete":
        yield Answer(succeeded=True, reason="a check leaves nothing to delete")
        return
    if _is_rolled_back(event["StackId"]):
        yield Answer(succeeded=True, reason="a check has nothing to roll back")
        return
    expected = Expectation.from_event(event)
    judgement = judged(expected)
    passed, outcome = judgement.verdict.passed, judgement.verdict.outcome
    so_far = _reason(outcome, judgement.verdict.reasons)
    yield Answer(succeeded=passed, reason=f"not recorded, the log says why; {so_far}")
    # The record counts the requests of a release that no longer runs, too: what is answered is
    # what is kept.
    record = _record(expected, judgement)
    reason = _reason(outcome, record.reasons)
    yield Answer(succeeded=passed, reason=f"not recorded, the log says why; {reason}")
    report(record, Addresses.from_environment())
    yield Answer(succeeded=passed, reason=reason)


def _is_rolled_back(stack_id: str) -> bool:
    """Whether this update is CloudFormation's way back from one that failed."""
    (stack,) = client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    return "ROLLBACK" in stack["StackStatus"]


def judged(expected: Expectation) -> Judgement:
    """The verdict; while it is inconclusive, waits a bounded time for what may still arrive."""
    smoke: bool | None = None
    for _ in range(PATIENCE_SECONDS // PAUSE_SECONDS):
        live = live_release(client("sagemaker"), expected.endpoint)
        if smoke is None and _is_first(expected, live):
            smoke = _smoke_call(expected.endpoint)
        evidence = _evidence(expected, live, smoke=smoke)
        judgement = Judgement(verdict=judge(evidence), evidence=evidence, live=live)
        if judgement.verdict.outcome is not Outcome.INCONCLUSIVE:
            return judgement
        time.sleep(PAUSE_SECONDS)
    return judgement


def _record(expected: Expectation, judgement: Judgement) -> ReleaseRecord:
    """What came of the requested deployment."""
    live, verdict = judgement.live, judgement.verdict
    place, deployment = Place.from_environment(), _requested(expected, live)
    if verdict.passed:
        return record_of_success(
            place,
            deployment,
            reasons=verdict.reasons,
            canary_invocations=judgement.evidence.canary_invocations,
        )
    attempt = settled(
        lambda: attempt_of(
            deployment,
            live,
            outcome=verdict.outcome,
            endpoint=expected.endpoint,
            alarms=expected.alarms,
            terms=expected.terms,
        )
    )
    return record_of_failure(
        place, deployment, reasons=_reasons(judgement, attempt), attempt=attempt
    )


def _reasons(judgement: Judgement, attempt: Attempt) -> tuple[str, ...]:
    """Why it failed; of a release that no longer runs, the requests are counted by now."""
    if judgement.verdict.outcome is not Outcome.UNHEALTHY:
        return judgement.verdict.reasons
    return judge(replace(judgement.evidence, canary_invocations=attempt.canary_invocations)).reasons


def _requested(expected: Expectation, live: LiveRelease) -> Deployment:
    """The deployment of the requested release, in force or not.

    Raises:
        LookupError: the endpoint has no config of this release.
    """
    if live.release == expected.release:
        return live
    newest = newest_deployment(client("sagemaker"), expected.endpoint, since=live.began)
    if newest is None or newest.release != expected.release:
        raise LookupError(f"{expected.endpoint} has no config of release {expected.release}")
    return newest


def _evidence(expected: Expectation, live: LiveRelease, *, smoke: bool | None) -> Evidence:
    evidence = Evidence(
        requested_release=expected.release,
        live_release=_named(expected, live),
        endpoint_status=live.status,
        alarm_states=_alarm_states(expected.alarms),
        minimum_invocations=expected.terms.minimum_invocations,
        smoke_call_passed=smoke,
    )
    if _is_first(expected, live):
        return replace(evidence, first_release=True)
    if expected.settings_only:
        return replace(evidence, settings_only=True)
    if evidence.live_release != expected.release:
        return evidence  # the requests of another release prove nothing about this one
    return replace(evidence, **_invocations(expected, live))


def _is_first(expected: Expectation, live: LiveRelease) -> bool:
    """Whether the requested release is the endpoint's first, and not one that it fell back to."""
    return live.first and _named(expected, live) == expected.release


def _named(expected: Expectation, live: LiveRelease) -> str | None:
    """The live release's name; a tag on anything else than the requested one proves nothing."""
    if live.package is not None and not live.package.endswith(f":{expected.package}"):
        return f"{live.release} ({live.package})"
    if expected.content not in (UNRECORDED, live.content):
        return f"{live.release} (its containers may serve {live.content or 'anything'})"
    # An endpoint need not say what its images were resolved to.
    if expected.image not in (UNRECORDED, live.image or expected.image):
        return f"{live.release} (image sha256:{live.image})"
    return live.release if live.package else None


def _invocations(expected: Expectation, live: LiveRelease) -> dict[str, Any]:
    """Requests under both sets of dimensions: of the canary, and of the whole endpoint."""
    cloudwatch, terms = client("cloudwatch"), expected.terms
    fleet = fleet_of(live, endpoint=expected.endpoint, longest=terms.longest)
    found = canary_invocations(cloudwatch, fleet, terms.bake)
    if found:
        return {"canary_invocations": found}
    if terms.bake.share == 1:
        # Without a canary all that the endpoint answered in the last bake is the release's own.
        last = replace(fleet, start=live.updated - terms.bake.length, end=live.updated)
        return {"canary_invocations": endpoint_invocations(cloudwatch, last)}
    return {
        "canary_invocations": found,
        "endpoint_invocations": endpoint_invocations(cloudwatch, fleet),
    }


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


def _reason(outcome: Outcome, reasons: Sequence[str]) -> str:
    told = "; ".join(reasons)
    proceed = _PROCEED.get(outcome)
    return f"{outcome}: {told}. {proceed}" if proceed else told
