"""How traffic moves to a new fleet, and which settings of that move cannot protect anyone.

SageMaker accepts deployment settings under which no alarm can fire in time, and the template
validators accept even more. Every rule here answers with the key it concerns, so that the contract
can point at the line.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Strategy = Literal["all-at-once", "canary", "linear", "rolling"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The service's limits (botocore: BlueGreenUpdatePolicy, CapacitySize, RollingUpdatePolicy)."""

    canary_percent: tuple[int, int] = (1, 50)
    linear_percent: tuple[int, int] = (10, 50)
    rolling_percent: tuple[int, int] = (5, 50)
    wait_seconds: tuple[int, int] = (0, 3600)
    timeout_seconds: tuple[int, int] = (600, 28800)
    alarms: tuple[int, int] = (1, 10)
    guarded_instances: int = 2
    """A share of at most half the fleet needs two instances to be a share at all."""
    settle_periods: int = 3
    """Periods between a metric's minute and the alarm's verdict: publication plus evaluation."""
    provisioning_minutes: int = 20
    """Room in the timeout for a fleet to start; beyond the waits themselves."""


LIMITS: Final = Limits()


@dataclass(frozen=True, kw_only=True)
class AlarmWindow:
    """What the slowest rollback alarm needs to see before it fires."""

    period_seconds: int = 60
    evaluation_periods: int = 3
    datapoints_to_alarm: int = 2

    @property
    def detection_seconds(self) -> int:
        """Longest time from the first bad minute to the alarm, publication included."""
        return (self.evaluation_periods + LIMITS.settle_periods) * self.period_seconds


@dataclass(frozen=True, kw_only=True)
class CanaryPolicy:
    """One deployment: which share moves first, how long it bakes, when the old fleet goes."""

    strategy: Strategy = "canary"
    size_percent: int = 10
    bake_minutes: int = 10
    final_bake_minutes: int = 10
    timeout_minutes: int | None = None

    @property
    def guarded(self) -> bool:
        """Whether traffic moves in parts, so that an alarm can stop it half-way."""
        return self.strategy != "all-at-once"

    @property
    def wait_minutes(self) -> int:
        """All waits of an undisturbed deployment, in minutes."""
        return self._bakes * self.bake_minutes + self.final_bake_minutes

    @property
    def watched_share(self) -> float:
        """Part of the traffic that judges a release, 0 to 1: the canary's, or all without one."""
        return self.size_percent / 100 if self.guarded else 1.0

    @property
    def watched_minutes(self) -> int:
        """How long that part judges it, before anything that cannot be taken back."""
        return self.bake_minutes if self.guarded else self.final_bake_minutes

    @property
    def execution_timeout_minutes(self) -> int:
        """The given timeout, or the waits plus provisioning, doubled for a slow day."""
        ceiling = LIMITS.timeout_seconds[1] // 60
        computed = min(ceiling, self.wait_minutes + 2 * LIMITS.provisioning_minutes)
        return computed if self.timeout_minutes is None else self.timeout_minutes

    @property
    def _bakes(self) -> int:
        if self.strategy in ("linear", "rolling"):
            return math.ceil(100 / max(1, self.size_percent))
        return int(self.guarded)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A setting that SageMaker refuses or that protects nobody."""

    key: str
    problem: str
    got: object
    allowed: str
    remedy: str


def violations(policy: CanaryPolicy, window: AlarmWindow) -> list[Violation]:
    """Everything that is wrong with a policy, given the slowest alarm that watches it."""
    return [violation for rule in _RULES for violation in rule(policy, window)]


_Rule = Callable[[CanaryPolicy, AlarmWindow], Iterator[Violation]]


def _share_is_within_the_service_limit(policy: CanaryPolicy, _: AlarmWindow) -> Iterator[Violation]:
    if not policy.guarded:
        return
    low, high = {
        "canary": LIMITS.canary_percent,
        "linear": LIMITS.linear_percent,
        "rolling": LIMITS.rolling_percent,
    }[policy.strategy]
    if not low <= policy.size_percent <= high:
        yield Violation(
            key="size_percent",
            problem=f"SageMaker refuses this share for a {policy.strategy} deployment",
            got=policy.size_percent,
            allowed=f"{low} to {high}",
            remedy=f"use {min(max(policy.size_percent, low), high)}",
        )


def _waits_are_within_the_service_limit(
    policy: CanaryPolicy, _: AlarmWindow
) -> Iterator[Violation]:
    highest = LIMITS.wait_seconds[1] // 60
    for key, minutes in (
        ("bake_minutes", policy.bake_minutes),
        ("final_bake_minutes", policy.final_bake_minutes),
    ):
        if minutes > highest:
            yield Violation(
                key=key,
                problem="longer than SageMaker waits",
                got=minutes,
                allowed=f"1 to {highest}",
                remedy=f"use {highest} or less",
            )


def _the_bake_outlasts_the_slowest_alarm(
    policy: CanaryPolicy, window: AlarmWindow
) -> Iterator[Violation]:
    if not policy.guarded:
        return
    needed = math.ceil(window.detection_seconds / 60)
    for key, minutes in (
        ("bake_minutes", policy.bake_minutes),
        ("final_bake_minutes", policy.final_bake_minutes),
    ):
        if minutes < needed:
            yield Violation(
                key=key,
                problem=f"shorter than the alarm needs to fire "
                f"(({window.evaluation_periods} periods + {LIMITS.settle_periods}) "
                f"x {window.period_seconds} s)",
                got=minutes,
                allowed=f"{needed} or more",
                remedy=f"use {needed} or more, or shorten the alarm's window",
            )


def _the_timeout_outlasts_the_waits(policy: CanaryPolicy, _: AlarmWindow) -> Iterator[Violation]:
    needed = policy.wait_minutes + LIMITS.provisioning_minutes
    lowest, highest = (seconds // 60 for seconds in LIMITS.timeout_seconds)
    if not max(needed, lowest) <= policy.execution_timeout_minutes <= highest:
        yield Violation(
            key="timeout_minutes",
            problem=f"the waits take {policy.wait_minutes} minutes and a fleet needs "
            f"{LIMITS.provisioning_minutes} to start",
            got=policy.execution_timeout_minutes,
            allowed=f"{max(needed, lowest)} to {highest}",
            remedy="leave it out (it is computed), or shorten the waits",
        )


def _few_enough_datapoints_decide(_: CanaryPolicy, window: AlarmWindow) -> Iterator[Violation]:
    most = min(2, window.evaluation_periods)
    if not 1 <= window.datapoints_to_alarm <= most:
        yield Violation(
            key="alarms.datapoints_to_alarm",
            problem="a canary's alarm must fire on one or two bad minutes",
            got=window.datapoints_to_alarm,
            allowed="1" if most == 1 else f"1 to {most}",
            remedy="use 1, or 2 with evaluation_periods: 3",
        )


_RULES: Final[tuple[_Rule, ...]] = (
    _share_is_within_the_service_limit,
    _waits_are_within_the_service_limit,
    _the_bake_outlasts_the_slowest_alarm,
    _the_timeout_outlasts_the_waits,
    _few_enough_datapoints_decide,
)
