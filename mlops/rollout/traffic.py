"""Requests that a release can count on: what callers send in a stage, and what the prober adds.

One model for all that reasons about them: the prober's rate, the plan's figures, what
`mlops validate` refuses, and what is rehearsed.
"""

import math
from dataclasses import dataclass
from typing import Final

from mlops.rollout.policy import CanaryPolicy

MOST_PROBES_PER_MINUTE: Final = 600
"""More would need a second function, and would load the endpoint instead of probing it."""
QUIET_SHARE: Final = 0.25
"""Part of the usual callers that a verdict counts on: releases happen at night, too."""
_SCORED_PER_MINUTE: Final = 2
"""Probes a minute that shall reach the new fleet, however busy the endpoint is."""
_MARGIN: Final = 1.5
"""Against the minute that the shift cuts, and a share that is a matter of chance."""
_DEVIATIONS: Final = 2
"""On the scale of square roots, where a Poisson count's standard deviation is 1/2."""


@dataclass(frozen=True, kw_only=True)
class ReleaseTraffic:
    """Requests per minute of an endpoint while a release is under way."""

    callers_per_minute: float
    """On a usual day; 0 in a stage that nobody calls."""
    probes_per_minute: int

    @classmethod
    def of(
        cls, policy: CanaryPolicy, *, minimum_invocations: int, callers_per_minute: float
    ) -> "ReleaseTraffic":
        """The callers, and probes that suffice for a verdict without any of them.

        Where that would be too many probes, the callers of a quiet hour have to make up for the
        rest; `most_minimum_invocations` says whether they do.
        """
        for_answers = _SCORED_PER_MINUTE / policy.watched_share
        for_verdict = _needed(minimum_invocations) / policy.watched_share / policy.watched_minutes
        probes = math.ceil(max(for_answers, for_verdict))
        return cls(
            callers_per_minute=callers_per_minute,
            probes_per_minute=min(MOST_PROBES_PER_MINUTE, probes),
        )

    @property
    def per_minute(self) -> float:
        """Callers and probes: to the fleet and to its alarms they are all requests."""
        return self.callers_per_minute + self.probes_per_minute


def quiet_invocations(policy: CanaryPolicy, *, callers_per_minute: float) -> float:
    """Requests that a canary of a quiet hour is expected to get with all the probes there are."""
    per_minute = QUIET_SHARE * callers_per_minute + MOST_PROBES_PER_MINUTE
    return per_minute * policy.watched_share * policy.watched_minutes


def most_minimum_invocations(policy: CanaryPolicy, *, callers_per_minute: float) -> int:
    """The largest minimum that a canary of a quiet hour reaches, chance taken into account."""
    expected = quiet_invocations(policy, callers_per_minute=callers_per_minute)
    by_chance = max(0.0, math.sqrt(expected) - _DEVIATIONS) ** 2
    return math.floor(min(expected / _MARGIN, by_chance))


def _needed(minimum: int) -> float:
    """Requests to expect so that hardly ever fewer than the minimum come."""
    return max(_MARGIN * minimum, (math.sqrt(minimum) + _DEVIATIONS) ** 2)
