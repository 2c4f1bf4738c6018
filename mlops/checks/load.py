"""Whether an endpoint keeps its promises at the rate that the contract expects."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from mlops.checks.clients import Clients
from mlops.checks.generator import NOT_SENT, Sent, arrivals, generate
from mlops.checks.plan import PlannedRelease, Traffic
from mlops.checks.result import (
    REFUSALS,
    Finding,
    Question,
    Result,
    Status,
    failed,
    invalid,
    passed,
    skipped,
)
from mlops.checks.scaling import observed, within_bounds
from mlops.checks.smoke import probe_id
from mlops.rollout.samples import aggregate

MOST_PER_MINUTE: Final = 6000
"""What one process signs and sends in time; more would measure the generator."""
FEWEST_PER_MINUTE: Final = 120
"""A p99 of some minutes needs this many requests, so a quiet endpoint is asked more often."""
LATE_SECONDS: Final = 0.1
"""How much later than planned one request in a hundred may leave."""
_GRACE_SECONDS: Final = 10.0
_MOST_THREADS: Final = 200
_MINUTE: Final = 60.0
_SEED: Final = 1
_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often the load check asks."""

    wanted: float
    """The expected requests per minute times the factor."""
    sent: float
    """The same within what is possible and what proves something."""

    @classmethod
    def of(cls, traffic: Traffic) -> "Rate":
        """The rate for a model's traffic."""
        wanted = traffic.requests_per_minute * traffic.factor
        return cls(wanted=wanted, sent=min(MOST_PER_MINUTE, max(FEWEST_PER_MINUTE, wanted)))


def load(release: PlannedRelease, clients: Clients) -> Iterator[Result]:
    """Ask at the expected rate for some minutes, and look at the fleet before and after."""
    traffic, rate = release.traffic, Rate.of(release.traffic)
    try:
        before = observed(clients, release)
        ledger = _ledger(release, clients, rate)
        after = observed(clients, release)
    except REFUSALS as error:
        yield Result(question=_question(release, "asked"), finding=failed(str(error)))
        return
    judged = [sent for sent in ledger if sent.planned >= traffic.warm_up_seconds]
    for name, finding in findings(judged, traffic, rate):
        yield Result(question=_question(release, name), finding=finding)
    fleet = within_bounds(release.fleet, before=before, after=after)
    yield Result(question=_question(release, "machines"), finding=fleet)


def findings(ledger: Sequence[Sent], traffic: Traffic, rate: Rate) -> Iterator[tuple[str, Finding]]:
    """What the requests after the warm-up say; one that never left blames the generator."""
    left = [sent for sent in ledger if sent.error != NOT_SENT]
    yield "rate", _rate(left, traffic, rate)
    if not left:
        yield "errors", invalid("nothing was sent after the warm-up")
        return
    late = aggregate("p99", [sent.lag for sent in ledger])
    yield "errors", _unless_late(late, _errors(left, traffic))
    yield "latency", _latency(left, traffic, late)


def _question(release: PlannedRelease, name: str) -> Question:
    return Question(check="load", subject=release.model, name=name)


def _ledger(release: PlannedRelease, clients: Clients, rate: Rate) -> list[Sent]:
    traffic = release.traffic
    seconds = _timeout_seconds(traffic)
    # Enough threads for every request of the time in which one may stay unanswered.
    threads = min(_MOST_THREADS, 8 + int(rate.sent / _MINUTE * seconds))
    runtime = clients.invoking(seconds=seconds, connections=threads)
    length = traffic.warm_up_seconds + traffic.minutes * _MINUTE
    moments = arrivals(per_minute=rate.sent, seconds=length, seed=_SEED)
    send = partial(_send, runtime, release)
    return generate(send, moments, threads=threads, grace_seconds=_GRACE_SECONDS)


def _timeout_seconds(traffic: Traffic) -> float:
    """How long one answer is waited for: long enough to see that it is far too slow."""
    return min(60.0, max(5.0, 10 * _bound_seconds(traffic)))


def _bound_seconds(traffic: Traffic) -> float:
    return (traffic.latency_p99_ms + traffic.allowance_ms) / 1000


def _send(runtime: Any, release: PlannedRelease, number: int) -> str | None:
    cases = release.examples.cases
    case = cases[number % len(cases)]
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=release.endpoint,
            ContentType=case.content_type,
            Accept="application/json",
            Body=case.body,
            InferenceId=probe_id(),
        )
        answer["Body"].read()
    except REFUSALS as error:
        return f"{type(error).__name__}: {error}"[:200]
    return None


def _rate(left: Sequence[Sent], traffic: Traffic, rate: Rate) -> Finding:
    told = f"{len(left)} requests in {traffic.minutes:g} minutes after the warm-up"
    if rate.sent < rate.wanted:
        return skipped(
            f"{told}; {rate.wanted:g} a minute are expected, one generator sends {rate.sent:g}"
        )
    return passed(f"{told}; {rate.wanted:g} a minute are expected")


def _errors(left: Sequence[Sent], traffic: Traffic) -> Finding:
    wrong = Counter(sent.error for sent in left if sent.error is not None)
    ratio = wrong.total() / len(left)
    told = f"{ratio:.2%} of {len(left)} requests; allowed: {traffic.error_ratio:.2%}"
    if ratio > traffic.error_ratio:
        most = "; ".join(f"{count} x {error}" for error, count in wrong.most_common(_SHOWN))
        return failed(f"{told}: {most}")
    return passed(told)


def _latency(left: Sequence[Sent], traffic: Traffic, late: float) -> Finding:
    bound = _bound_seconds(traffic)
    p99 = aggregate("p99", [sent.seconds for sent in left])
    told = (
        f"p99 {p99 * 1000:.0f} ms from the planned moment to the answer; allowed: "
        f"{traffic.latency_p99_ms:g} ms for the model and {traffic.allowance_ms:g} ms for the way"
    )
    if aggregate("p99", [sent.service_seconds for sent in left]) > bound:
        return failed(told)
    # Slow from the planned moment alone: the generator's own wait, unless it was on time.
    return _lateness(late) or (failed(told) if p99 > bound else passed(told))


def _unless_late(late: float, finding: Finding) -> Finding:
    """Errors are errors; a good figure of a generator that was late is none."""
    return finding if finding.status is Status.FAILED else _lateness(late) or finding


def _lateness(late: float) -> Finding | None:
    """Nothing, or why a generator that asked later than it says proves nothing."""
    if late <= LATE_SECONDS:
        return None
    return invalid(
        f"one request in a hundred left {late * 1000:.0f} ms late or more; allowed: "
        f"{LATE_SECONDS * 1000:.0f} ms; remedy: a larger machine for the checks"
    )
