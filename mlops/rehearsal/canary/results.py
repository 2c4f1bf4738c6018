"""What a rehearsed deployment came to, as data for the table, the page and the JSON record."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops.dashboards import Recorded, Served
from mlops.rehearsal.canary.deployment import Event
from mlops.rehearsal.canary.endpoint import GuardedEndpoint
from mlops.rehearsal.canary.metrics import Change
from mlops.rehearsal.canary.router import Colour, Invocation, is_server_error

_MINUTE: Final = 60


@dataclass(frozen=True, kw_only=True)
class Minute:
    """One minute of one fleet."""

    at: float
    fleet: Colour
    requests: int
    error_ratio: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Harm:
    """What the clients had of it, by their own ledger."""

    requests: int
    harmed: int
    """Answers that were missing, errors, wrong, or slower than the objective."""
    lost: int
    """Requests that no server answered, elsewhere than at a broken candidate."""
    lost_at_canary: int
    late: int = 0
    """Of the harmed, right answers that were slower than the objective: this machine's, too."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast the deployment was gone through, and whether the machine kept up."""

    scale: float
    seconds: float
    capacity: float | None
    """Requests per second that the arrangement answered when it was kept busy; None: not asked."""
    offered: float
    """Most requests per second that were planned."""
    lag_p99_ms: float
    """How much later than planned requests left."""
    lag_max_ms: float
    exhaustion: str = ""
    """Why the deployment shows this machine and not the candidate; "" where it does not."""


@dataclass(frozen=True, kw_only=True)
class DeploymentResult:
    """One deployment under one fault."""

    fault: str
    story: str
    expected: str
    why: str
    observed: str
    reasons: tuple[str, ...]
    """What the release check says, in its own words."""
    blue: str
    green: str
    alarms: tuple[str, ...]
    """Alarms that were red while the deployment could still be stopped."""
    expected_alarms: tuple[str, ...]
    detect_seconds: float | None
    """From the first shifted request to the red alarm, in deployment time."""
    canary_invocations: int
    harm: Harm
    pace: Pace
    drained: bool
    restarts: int
    probes: int
    notes: tuple[str, ...]
    """What is not wrong here and would be on AWS."""
    events: tuple[Event, ...]
    shares: tuple[tuple[float, float], ...]
    minutes: tuple[Minute, ...]
    changes: tuple[Change, ...]
    curves: tuple[Recorded, ...] = ()
    """What CloudWatch would have of it, minute by minute."""
    ended: float
    """Length of the timeline, in deployment time."""

    @property
    def objections(self) -> tuple[str, ...]:
        """Everything in which the deployment was not as it had to be."""
        return tuple(self._objections())

    @property
    def as_expected(self) -> bool:
        """Whether it ended as the committed file says, and no request was lost on the way."""
        return not self.objections

    def _objections(self) -> Iterator[str]:
        if self.observed == "invalid":
            # Whatever else was seen, the machine has its part in it.
            yield f"invalid instead of {self.expected}: {self.pace.exhaustion}"
            return
        if self.observed != self.expected:
            yield f"{self.observed} instead of {self.expected}"
        elif self.expected_alarms and not self._fired_as_expected:
            yield f"no alarm for {' or '.join(self.expected_alarms)} fired"
        if self.harm.lost:
            yield f"{self.harm.lost} requests were lost"
        if self.observed == "promoted" and self.harm.lost_at_canary:
            yield f"{self.harm.lost_at_canary} requests were lost at the candidate, and it was kept"

    @property
    def _fired_as_expected(self) -> bool:
        return any(part in name for part in self.expected_alarms for name in self.alarms)


@dataclass(frozen=True, kw_only=True)
class CanaryRehearsal:
    """All deployments of one rehearsal."""

    id: str
    model: str
    stage: str
    began: str
    seed: int
    endpoint: GuardedEndpoint
    served: Served
    expected_per_minute: float
    minimum_invocations: int
    deployments: tuple[DeploymentResult, ...]
    seconds: float
    report: Path

    @property
    def as_expected(self) -> bool:
        """Whether every deployment was."""
        return all(result.as_expected for result in self.deployments)


def minutes(invocations: Iterable[Invocation]) -> tuple[Minute, ...]:
    """What each fleet showed in each minute in which it was asked."""
    found: dict[tuple[float, Colour], list[Invocation]] = defaultdict(list)
    for one in invocations:
        found[one.at // _MINUTE * _MINUTE, one.fleet].append(one)
    return tuple(_minute(at, fleet, ones) for (at, fleet), ones in sorted(found.items()))


def nearest_rank(ordered: Sequence[float], share: float) -> float:
    """A quantile of values in order; 0 of none."""
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else 0.0


def _minute(at: float, fleet: Colour, ones: Sequence[Invocation]) -> Minute:
    latencies = sorted(1000 * one.model_seconds for one in ones)
    return Minute(
        at=at,
        fleet=fleet,
        requests=len(ones),
        error_ratio=sum(is_server_error(one.status) for one in ones) / len(ones),
        p50_ms=nearest_rank(latencies, 0.5),
        p99_ms=nearest_rank(latencies, 0.99),
    )
