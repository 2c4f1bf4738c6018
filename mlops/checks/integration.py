"""Whether an application can call an endpoint, may do nothing else, and is captured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.checks.capture import arrived
from mlops.checks.clients import Clients
from mlops.checks.plan import PlannedRelease
from mlops.checks.result import (
    Finding,
    Question,
    Result,
    answered,
    failed,
    invalid,
    passed,
    skipped,
)
from mlops.checks.smoke import invoked, judged, probe_id

_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_UNDECIDED: Final = ("ThrottlingException", "RequestLimitExceeded", "InternalFailure")
_NOWHERE: Final = "mlops-probe-no-such-config"
"""Whoever may update after all is refused for this name, and nothing happens."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One request as an application sends it."""

    release: PlannedRelease
    caller: Clients
    """With the credentials of a role that may do what an application may."""
    inference_id: str


def integration(release: PlannedRelease, clients: Clients, *, region: str) -> Iterator[Result]:
    """Act as an application, then look with the runner's own eyes for what it left behind."""
    probe = Probe(
        release=release,
        caller=clients.as_role(release.caller_role, region=region),
        inference_id=probe_id(),
    )
    yield _asked(release, "the parameter leads to the endpoint", partial(_found, probe))
    sent = datetime.now(UTC)
    called = _asked(release, "an application's role may call", partial(_called, probe))
    yield called
    describe = partial(_denied, probe, "describe_endpoint")
    yield _asked(release, "it may not describe", describe)
    update = partial(_denied, probe, "update_endpoint", EndpointConfigName=_NOWHERE)
    yield _asked(release, "it may not update", update)
    captured = partial(_captured, probe, clients, called, sent)
    yield _asked(release, "the request is captured", captured)


def _asked(release: PlannedRelease, name: str, ask: Callable[[], Finding]) -> Result:
    return answered(Question(check="integration", subject=release.model, name=name), ask)


def _found(probe: Probe) -> Finding:
    name = probe.release.parameter
    value = probe.caller("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    if value != probe.release.endpoint:
        return failed(f"{name} says {value} instead of {probe.release.endpoint}")
    return passed(f"{name} says {value}")


def _called(probe: Probe) -> Finding:
    examples = probe.release.examples
    case = examples.cases[0]
    answer = invoked(probe.caller, probe.release.endpoint, case, inference_id=probe.inference_id)
    return judged(answer, case, examples)


def _denied(probe: Probe, operation: str, **asked: Any) -> Finding:
    """The refusal is the expected answer; every other one says that the request was let in."""
    call = getattr(probe.caller("sagemaker"), operation)
    try:
        call(EndpointName=probe.release.endpoint, **asked)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _DENIED:
            return passed(f"denied: {code}")
        if code in _UNDECIDED:
            return invalid(f"{operation} was not decided: {code}")
        return failed(f"{operation} was let in and refused for another reason: {error}")
    return failed(f"{operation} is allowed to whoever may call the endpoint")


def _captured(probe: Probe, clients: Clients, called: Result, sent: datetime) -> Finding:
    capture = probe.release.capture
    if capture is None:
        return skipped("the contract captures nothing")
    if called.finding.status.stops:
        return skipped("the request that should be captured was not answered")
    return arrived(clients, probe.release, capture, inference_id=probe.inference_id, since=sent)
