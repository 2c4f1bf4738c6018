"""A guarded endpoint as the template describes it: fleet, steps, alarms, what a verdict needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops.rollout import Alarm, CanaryPolicy, Formula, Scope


@dataclass(frozen=True, kw_only=True)
class RollbackAlarm:
    """An alarm that the deployment names: which metric it watches, on which part of the traffic."""

    name: str
    namespace: str
    metric: str
    scope: Scope
    rule: Alarm
    formula: Formula | None = None
    """How the data points are computed, where one metric alone does not tell."""
    missing: str | None = None
    """Why nothing publishes the metric under exactly these dimensions; None where it exists."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A share of the traffic, and how long it bakes."""

    share: float
    bake_seconds: int


@dataclass(frozen=True, kw_only=True)
class GuardedEndpoint:
    """An endpoint with everything that decides how a release goes on it."""

    name: str
    stack: str
    instances: int
    policy: CanaryPolicy
    steps: tuple[Step, ...]
    """Shares below the whole traffic, in order; the whole traffic follows with the final bake."""
    final_bake_seconds: int
    alarms: tuple[RollbackAlarm, ...]
    container_environment: Mapping[str, str]
    scaling: tuple[int, int] | None
    """Bounds of the fleet under auto scaling."""
    minimum_invocations: int | None
    """Fewer requests to the canary are not evidence; None where no release check says so."""
    probes_per_minute: float

    @property
    def duration_seconds(self) -> int:
        """All waits of an undisturbed deployment."""
        return sum(step.bake_seconds for step in self.steps) + self.final_bake_seconds

    @property
    def backstop(self) -> bool:
        """Whether an alarm watches the whole endpoint, old fleet included."""
        return any(alarm.scope == "endpoint" for alarm in self.alarms)
