"""Whether a release may go on, from what an endpoint shows after its deployment.

SageMaker reports a silently rolled-back endpoint as InService, and a canary without traffic looks
as quiet as a good one. So health needs positive evidence here; its absence is inconclusive, and
inconclusive is never a pass.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from mlops.rollout.alarm import State


class Outcome(IntEnum):
    """How a release did; the greater, the worse."""

    HEALTHY = 0
    INCONCLUSIVE = 1
    UNHEALTHY = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was asked for and what the endpoint shows.

    Raises:
        ValueError: a combination under which silence would pass.
    """

    requested_release: str
    live_release: str | None
    """Hash of the release that the endpoint runs; None if it cannot be told."""
    endpoint_status: str
    """SageMaker's word, as in DescribeEndpoint."""
    alarm_states: Mapping[str, State] = field(default_factory=dict)
    canary_invocations: int | None = None
    """Requests that the new fleet answered within the canary bake; None if not known."""
    endpoint_invocations: int | None = None
    """Requests of the whole endpoint since the deployment began; None if not known."""
    minimum_invocations: int = 100
    first_release: bool = False
    """The endpoint was created: SageMaker does no canary then, so a smoke call stands in."""
    smoke_call_passed: bool | None = None
    settings_only: bool = False
    """Alarms, scaling or tags changed, the fleet did not: no traffic moved."""

    def __post_init__(self) -> None:
        if self.minimum_invocations < 1:
            raise ValueError(
                f"minimum_invocations is {self.minimum_invocations}; use 1 or more: "
                "a canary without traffic shows nothing"
            )
        if self.first_release and self.settings_only:
            raise ValueError("a first release is not a change of settings; say one of the two")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """An outcome and why, in words for the person who has to act."""

    outcome: Outcome
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the promotion may go on: only a healthy release may."""
        return self.outcome is Outcome.HEALTHY


def judge(evidence: Evidence) -> Verdict:
    """The worst that any rule finds, with every reason for not being healthy."""
    return worst(
        Verdict(outcome=outcome, reasons=(reason,))
        for rule in _RULES
        for outcome, reason in rule(evidence)
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst outcome and all reasons of anything worse than healthy, the worst first.

    Nothing to fold is inconclusive.
    """
    ordered = sorted(verdicts, key=lambda verdict: -verdict.outcome)
    if not ordered:
        return Verdict(outcome=Outcome.INCONCLUSIVE, reasons=("nothing was judged",))
    outcome = ordered[0].outcome
    telling = [v for v in ordered if not v.passed] or ordered
    reasons = dict.fromkeys(reason for verdict in telling for reason in verdict.reasons)
    return Verdict(outcome=outcome, reasons=tuple(reasons))


_Finding = tuple[Outcome, str]

_SAYS_BLIND: Final = (
    "CloudWatch has {} requests under EndpointName and VariantName, and none with the new "
    "EndpointConfigName beside them: either no request reached the new fleet, or SageMaker does "
    "not publish that dimension here and every alarm on it is blind"
)
_UNDER_WAY: Final = ("Creating", "Updating", "SystemUpdating")
_BROKEN: Final = ("Failed", "OutOfService", "RollingBack", "UpdateRollbackFailed", "Deleting")


def _the_endpoint_serves(evidence: Evidence) -> Iterator[_Finding]:
    status = evidence.endpoint_status
    if status in _BROKEN:
        yield Outcome.UNHEALTHY, f"the endpoint is {status}"
    elif status in _UNDER_WAY:
        yield Outcome.INCONCLUSIVE, f"the endpoint is still {status}; judge again when it is done"
    elif status != "InService":
        yield Outcome.INCONCLUSIVE, f"the endpoint reports the unknown status {status!r}"


def _the_requested_release_is_live(evidence: Evidence) -> Iterator[_Finding]:
    live, requested = evidence.live_release, evidence.requested_release
    if live == requested:
        yield Outcome.HEALTHY, f"release {requested} is live"
    elif live is None:
        yield Outcome.INCONCLUSIVE, "the release in service is unknown"
    elif evidence.endpoint_status not in _UNDER_WAY:
        yield (
            Outcome.UNHEALTHY,
            f"release {live} is live instead of {requested}: SageMaker rolled back",
        )


def _no_alarm_is_red(evidence: Evidence) -> Iterator[_Finding]:
    for name, state in sorted(evidence.alarm_states.items()):
        if state is State.ALARM:
            yield Outcome.UNHEALTHY, f"alarm {name} is red"
        elif state is State.INSUFFICIENT_DATA:
            yield Outcome.INCONCLUSIVE, f"alarm {name} has not been evaluated"


def _somebody_watched(evidence: Evidence) -> Iterator[_Finding]:
    if _had_a_canary(evidence) and not evidence.alarm_states:
        yield Outcome.INCONCLUSIVE, "no alarm watched the canary"


def _the_canary_had_traffic(evidence: Evidence) -> Iterator[_Finding]:
    seen, needed = evidence.canary_invocations, evidence.minimum_invocations
    if not _had_a_canary(evidence):
        return
    if seen is None:
        yield Outcome.INCONCLUSIVE, "how many requests the canary answered is not known"
    elif not seen and evidence.endpoint_invocations:
        yield (
            Outcome.INCONCLUSIVE,
            _SAYS_BLIND.format(evidence.endpoint_invocations),
        )
    elif seen < needed:
        yield (
            Outcome.INCONCLUSIVE,
            f"the canary answered {seen} requests, fewer than the {needed} that a verdict needs",
        )
    else:
        yield Outcome.HEALTHY, f"the canary answered {seen} requests (at least {needed})"


def _a_first_release_answers(evidence: Evidence) -> Iterator[_Finding]:
    if evidence.smoke_call_passed is False:
        yield Outcome.UNHEALTHY, "the smoke call failed"
    elif evidence.first_release and evidence.smoke_call_passed is None:
        yield Outcome.INCONCLUSIVE, "first release, and no smoke call was made"
    elif evidence.first_release:
        yield Outcome.HEALTHY, "first release, no canary; the smoke call passed"


def _settings_move_no_traffic(evidence: Evidence) -> Iterator[_Finding]:
    if evidence.settings_only:
        yield Outcome.HEALTHY, "only settings changed, no traffic moved"


def _had_a_canary(evidence: Evidence) -> bool:
    return not (evidence.first_release or evidence.settings_only)


_RULES: Final[tuple[Callable[[Evidence], Iterator[_Finding]], ...]] = (
    _the_endpoint_serves,
    _the_requested_release_is_live,
    _no_alarm_is_red,
    _somebody_watched,
    _the_canary_had_traffic,
    _a_first_release_answers,
    _settings_move_no_traffic,
)
