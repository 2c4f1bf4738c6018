"""What both fleets of a deployment showed, side by side.

A version is blamed by a machine only if its fleet did worse than the old one: what callers or a
dependency do wrong meets both alike.
"""

import math
import re
from dataclasses import dataclass
from typing import Final

_DEVIATIONS: Final = 3
"""A difference of shares counts beyond so many standard errors."""
_SLOWER: Final = 1.25
"""How many times the old fleet's mean latency is no longer chance."""
_MICROSECONDS: Final = 1000
_FAILURES: Final = ("server-errors", "model-errors")
_ALARM: Final = re.compile(rf"(?:^|-rollback-)({'|'.join((*_FAILURES, 'latency'))})(?:-[^-]+)?$")
"""Other alarms compare by themselves, or with what the version itself once answered."""


@dataclass(frozen=True, kw_only=True)
class FleetSums:
    """A fleet's metrics, summed over a deployment."""

    requests: float
    server_errors: float = 0.0
    failures: float = 0.0
    """InvocationModelErrors, which may or may not count what was refused."""
    refusals: float = 0.0
    latency_microseconds: float = 0.0

    @property
    def failure_ratio(self) -> float:
        """Share of the requests that failed and were not refused; 0 of none."""
        unrefused = self.failures - self.refusals
        failed = max(self.server_errors, unrefused if unrefused >= 0 else self.failures)
        return min(1.0, failed / self.requests) if self.requests else 0.0

    @property
    def mean_latency_ms(self) -> float:
        """Mean time of the container; 0 of none."""
        return self.latency_microseconds / self.requests / _MICROSECONDS if self.requests else 0.0

    def __str__(self) -> str:
        return (
            f"{self.failure_ratio:.1%} of {self.requests:,.0f} requests failed, "
            f"{self.mean_latency_ms:.3g} ms on average"
        )


@dataclass(frozen=True, kw_only=True)
class Fleets:
    """The old fleet and the new one in the same deployment."""

    old: FleetSums
    new: FleetSums

    def new_is_worse(self, alarm: str) -> bool:
        """Whether the old fleet does not show what turned a rollback alarm red.

        True for an alarm that needs no such comparison.
        """
        found = _ALARM.search(alarm)
        if found is None:
            return True
        if not self.old.requests or not self.new.requests:
            return False
        return self._is_slower() if found[1] == "latency" else self._fails_more()

    def _is_slower(self) -> bool:
        return self.new.mean_latency_ms > _SLOWER * self.old.mean_latency_ms

    def _fails_more(self) -> bool:
        old, new = self.old, self.new
        failed = old.failure_ratio * old.requests + new.failure_ratio * new.requests
        share = failed / (old.requests + new.requests)
        error = math.sqrt(share * (1 - share) * (1 / old.requests + 1 / new.requests))
        return new.failure_ratio - old.failure_ratio > _DEVIATIONS * error


def needs_comparison(alarm: str) -> bool:
    """Whether only the old fleet tells that an alarm was red by the new version's fault."""
    return _ALARM.search(alarm) is not None
