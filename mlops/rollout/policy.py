"""How traffic moves to a new fleet, and which settings of that move cannot protect anyone.

SageMaker accepts deployment settings under which no alarm can fire in time, and the template
validators accept even more. Every rule here answers with the key it concerns, so that the contract
can point at the line.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
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
        # A rolling update keeps no old fleet: it waits after each batch, the last one included.
        final = 0 if self.strategy == "rolling" else self.final_bake_minutes
        return self.bakes * self.bake_minutes + final

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
    def bakes(self) -> int:
        """How often it bakes before the final bake."""
        if self.strategy in ("linear", "rolling"):
            return math.ceil(100 / max(1, self.size_percent))
        return int(self.guarded)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A setting that SageMaker refuses or that protects nothing."""

    key: str
    problem: str
    got: object
    remedy: str
    lowest: int = 0
    highest: int | None = None
    """None: there is no upper limit."""
    reads: tuple[str, ...] = ()
    """The keys from which this was reckoned, its own first."""
    choice: str = ""
    """What is allowed where that is not a range."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        if self.choice:
            return self.choice
        if self.highest is None:
            return f"{self.lowest} or more"
        same = self.lowest == self.highest
        return f"{self.lowest}" if same else f"{self.lowest} to {self.highest}"


def violations(
    policy: CanaryPolicy, window: AlarmWindow, *, refused: Collection[str] = ()
) -> list[Violation]:
    """Everything that is wrong with a policy, given the slowest alarm that watches it.

    A rule that reads a refused key is not asked, whether the caller refuses it or an earlier rule:
    what it would say follows from a value that has to change anyway.
    """
    out, found = set(refused), []
    for rule in _RULES:
        if out.isdisjoint(rule.reads) and (violation := rule.judge(policy, window)):
            found.append(replace(violation, reads=rule.reads))
            out.add(violation.key)
    return found


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What can be wrong with one key, its own, given the others that the rule reads."""

    reads: tuple[str, ...]
    judge: Callable[[CanaryPolicy, AlarmWindow], Violation | None]


_TIMEOUT_MINUTES: Final = (LIMITS.timeout_seconds[0] // 60, LIMITS.timeout_seconds[1] // 60)
_SHARE_READS: Final = ("size_percent", "strategy")
_WINDOW_KEYS: Final = ("alarms.period_seconds", "alarms.evaluation_periods")
_WAITS: Final = ("bake_minutes", "final_bake_minutes", "strategy", "size_percent")
_POINTS_READ: Final = ("alarms.datapoints_to_alarm", "alarms.evaluation_periods")


def _share_is_within_the_service_limit(policy: CanaryPolicy, _: AlarmWindow) -> Violation | None:
    if not policy.guarded:
        return None
    low, high = {
        "canary": LIMITS.canary_percent,
        "linear": LIMITS.linear_percent,
        "rolling": LIMITS.rolling_percent,
    }[policy.strategy]
    if low <= policy.size_percent <= high:
        return None
    return Violation(
        key="size_percent",
        problem=f"SageMaker refuses this share for a {policy.strategy} deployment",
        got=policy.size_percent,
        lowest=low,
        highest=high,
        remedy=f"use {min(max(policy.size_percent, low), high)}",
    )


def _wait_is_within_the_service_limit(key: str) -> _Rule:
    def judge(policy: CanaryPolicy, _: AlarmWindow) -> Violation | None:
        highest = LIMITS.wait_seconds[1] // 60
        minutes: int = getattr(policy, key)
        if minutes <= highest:
            return None
        return Violation(
            key=key,
            problem="longer than SageMaker waits",
            got=minutes,
            lowest=1,
            highest=highest,
            remedy=f"use {highest} or less",
        )

    return _Rule(reads=(key,), judge=judge)


def _bake_outlasts_the_slowest_alarm(key: str) -> _Rule:
    reads = (key, "strategy", *_WINDOW_KEYS)

    def judge(policy: CanaryPolicy, window: AlarmWindow) -> Violation | None:
        needed = math.ceil(window.detection_seconds / 60)
        minutes: int = getattr(policy, key)
        if not policy.guarded or minutes >= needed:
            return None
        return Violation(
            key=key,
            problem=f"shorter than the alarm needs to fire "
            f"(({window.evaluation_periods} periods + {LIMITS.settle_periods}) "
            f"x {window.period_seconds} s)",
            got=minutes,
            lowest=needed,
            highest=None,
            remedy=f"use {needed} or more, or shorten the alarm's window",
        )

    return _Rule(reads=reads, judge=judge)


def _the_waits_fit_into_the_longest_deployment(
    policy: CanaryPolicy, _: AlarmWindow
) -> Violation | None:
    room = _TIMEOUT_MINUTES[1] - LIMITS.provisioning_minutes
    if policy.wait_minutes <= room:
        return None
    longest = (room - policy.final_bake_minutes) // policy.bakes
    return Violation(
        key="bake_minutes",
        problem=f"the waits take {policy.wait_minutes} minutes ({policy.bakes} bakes and the final "
        f"one), a fleet needs {LIMITS.provisioning_minutes} to start, and SageMaker ends a "
        f"deployment after {_TIMEOUT_MINUTES[1]}",
        got=policy.bake_minutes,
        lowest=1,
        highest=longest,
        remedy=f"use {longest} or less, or a larger share",
    )


def _the_timeout_is_within_the_service_limit(
    policy: CanaryPolicy, _: AlarmWindow
) -> Violation | None:
    lowest, highest = _TIMEOUT_MINUTES
    given = policy.timeout_minutes
    if given is None or lowest <= given <= highest:
        return None
    return Violation(
        key="timeout_minutes",
        problem="SageMaker refuses this timeout",
        got=given,
        lowest=lowest,
        highest=highest,
        remedy=f"use {min(max(given, lowest), highest)}, or leave it out (it is computed)",
    )


def _the_timeout_outlasts_the_waits(policy: CanaryPolicy, _: AlarmWindow) -> Violation | None:
    needed = policy.wait_minutes + LIMITS.provisioning_minutes
    given = policy.timeout_minutes
    if given is None or needed <= given:
        return None
    return Violation(
        key="timeout_minutes",
        problem=f"the waits take {policy.wait_minutes} minutes and a fleet needs "
        f"{LIMITS.provisioning_minutes} to start",
        got=given,
        lowest=needed,
        highest=_TIMEOUT_MINUTES[1],
        remedy="leave it out (it is computed), or shorten the waits",
    )


def _few_enough_datapoints_decide(_: CanaryPolicy, window: AlarmWindow) -> Violation | None:
    most = min(2, window.evaluation_periods)
    if 1 <= window.datapoints_to_alarm <= most:
        return None
    return Violation(
        key="alarms.datapoints_to_alarm",
        problem="a canary's alarm must fire on one or two bad minutes",
        got=window.datapoints_to_alarm,
        lowest=1,
        highest=most,
        remedy="use 1, or 2 with evaluation_periods: 3",
    )


_RULES: Final = (
    _Rule(reads=_SHARE_READS, judge=_share_is_within_the_service_limit),
    _wait_is_within_the_service_limit("bake_minutes"),
    _wait_is_within_the_service_limit("final_bake_minutes"),
    _bake_outlasts_the_slowest_alarm("bake_minutes"),
    _bake_outlasts_the_slowest_alarm("final_bake_minutes"),
    _Rule(reads=_WAITS, judge=_the_waits_fit_into_the_longest_deployment),
    _Rule(reads=("timeout_minutes",), judge=_the_timeout_is_within_the_service_limit),
    _Rule(reads=("timeout_minutes", *_WAITS), judge=_the_timeout_outlasts_the_waits),
    _Rule(reads=_POINTS_READ, judge=_few_enough_datapoints_decide),
)
