"""Which canary is worth its wait: a configured one, its neighbours, and the cheapest that suffices.

All figures come from `power`; here are the regressions they are asked about, the settings that are
compared, and the order in which one is preferred to another.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from statistics import NormalDist
from typing import Final

from mlops.rollout.policy import LIMITS, AlarmWindow, CanaryPolicy, violations
from mlops.rollout.power import Detection, Exposure, Risk, Shift, any_of, best_of, detection
from mlops.rollout.signals import Signal, rollback_signals

Patch = dict[str, "int | float | Patch"]
"""Keys below `endpoint.canary` and their values."""

_NORMAL: Final = NormalDist()
_SHARES: Final = (5, 10, 15, 20, 25, 30, 40, 50)
_BAKES: Final = (6, 8, 10, 12, 15, 20, 25, 30, 45, 60)
_THRESHOLDS: Final = (0.5, 1.0, 1.5, 2.0)
_TRAFFIC: Final = (1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything about a canary that decides what it can see."""

    policy: CanaryPolicy
    window: AlarmWindow
    error_ratio: float
    model_error_ratio: float
    latency_p99_ms: float
    endpoint_error_ratio: float | None = None

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The signals that roll this canary back."""
        return rollback_signals(
            error_ratio=self.error_ratio,
            model_error_ratio=self.model_error_ratio,
            latency_p99_ms=self.latency_p99_ms,
            window=self.window,
            endpoint_error_ratio=self.endpoint_error_ratio,
        )

    @property
    def partial_shifts(self) -> tuple[Shift, ...]:
        """The shares before all of the traffic moves; none if it moves at once."""
        seconds, size = self.policy.bake_minutes * 60, self.policy.size_percent
        if self.policy.strategy == "canary":
            return (Shift(share=size / 100, seconds=seconds),)
        if self.policy.guarded:
            return tuple(
                Shift(share=percent / 100, seconds=seconds) for percent in range(size, 100, size)
            )
        return ()


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is expected of traffic and of a good version."""

    requests_per_minute: float
    latency_p99_ms: float
    """Of the version in service; the endpoint's objective where nothing was measured."""
    instances: int = LIMITS.guarded_instances
    error_ratio: float = 0.001
    tail_ratio: float = 4.0
    """How many times the median the 99th percentile is; latencies are taken as log-normal."""

    def slower_than(self, limit_ms: float, *, factor: float = 1.0) -> float:
        """Probability that a request exceeds a limit if all latencies grow by a factor."""
        z99 = _NORMAL.inv_cdf(0.99)
        spread = math.log(self.tail_ratio) / z99
        beyond = math.log(limit_ms / (self.latency_p99_ms * factor))
        return _NORMAL.cdf(-(z99 + beyond / spread))


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a canary must catch, how surely, and how rarely it may cry wolf."""

    detection: float = 0.8
    false_rollback: float = 0.05
    """Bounds what is recommended; it is an upper bound itself, see `power.any_of`."""
    added_error_ratio: float = 0.05
    latency_factor: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A setting and how it does."""

    setting: Setting
    errors: Detection
    latency: Detection
    false_rollback: float
    """At most this probability, over the bake and the final bake."""

    @property
    def detection(self) -> float:
        """Probability of catching the regression that is harder to catch."""
        return min(self.errors.probability, self.latency.probability)

    @property
    def expected_seconds(self) -> float:
        """Time to roll back the regression that takes longer."""
        return max(self.errors.expected_seconds, self.latency.expected_seconds)

    @property
    def expected_harmed(self) -> float:
        """Bad requests of the regression that harms more."""
        return max(self.errors.expected_harmed, self.latency.expected_harmed)

    def reaches(self, target: Target) -> bool:
        """Whether both regressions are caught as surely as asked."""
        return self.detection >= target.detection

    def is_calm(self, target: Target) -> bool:
        """Whether good versions are rolled back as rarely as asked."""
        return self.false_rollback <= target.false_rollback


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The configured setting beside its neighbours, and what to change."""

    configured: Forecast
    neighbours: tuple[Forecast, ...]
    cheapest: Forecast | None
    """The configured one if nothing cheaper suffices; None if no setting does."""
    patch: Patch
    """Keys below `endpoint.canary` that turn the configured setting into the cheapest."""
    sufficient_requests_per_minute: float | None
    """Traffic at which the configured setting reaches the target; None if none would."""
    expectation: Expectation
    target: Target


def plan_canary(setting: Setting, expectation: Expectation, target: Target) -> Plan:
    """Everything that `mlops canary plan` shows.

    Raises:
        ValueError: all of the traffic moves at once, so there is no canary to plan.
    """
    if not setting.policy.guarded:
        raise ValueError("the strategy is all-at-once: no canary, so nothing can be caught in it")
    best = cheapest(setting, expectation, target)
    return Plan(
        configured=forecast(setting, expectation, target),
        neighbours=tuple(forecast(other, expectation, target) for other in neighbours(setting)),
        cheapest=best,
        patch=patch(setting, best.setting) if best else {},
        sufficient_requests_per_minute=sufficient_traffic(setting, expectation, target),
        expectation=expectation,
        target=target,
    )


def forecast(setting: Setting, expectation: Expectation, target: Target) -> Forecast:
    """How a setting does against the target's two regressions and against a good version."""
    return Forecast(
        setting=setting,
        errors=against(setting, expectation, added_error_ratio=target.added_error_ratio),
        latency=against(setting, expectation, latency_factor=target.latency_factor),
        false_rollback=_false_rollback(setting, expectation),
    )


def against(
    setting: Setting,
    expectation: Expectation,
    *,
    added_error_ratio: float = 0.0,
    latency_factor: float = 1.0,
    signals: tuple[Signal, ...] | None = None,
) -> Detection:
    """How surely the best of the setting's signals, or of others, catches a worse version."""
    exposure = _exposure(expectation, setting.partial_shifts)
    return best_of(
        [
            detection(
                signal, exposure, _risk(signal, expectation, added_error_ratio, latency_factor)
            )
            for signal in signals or setting.signals
        ]
    )


def neighbours(setting: Setting) -> tuple[Setting, ...]:
    """Allowed settings that differ in the share, the bake or the error thresholds alone."""
    varied = (
        *(_with(setting, share=share) for share in _SHARES),
        *(_with(setting, bake=bake) for bake in _BAKES),
        *(_with(setting, threshold=factor) for factor in _THRESHOLDS),
    )
    return tuple(other for other in varied if other != setting and _is_allowed(other))


def cheapest(setting: Setting, expectation: Expectation, target: Target) -> Forecast | None:
    """The setting with the shortest total wait, then the smallest share, that is good enough.

    Good enough catches both regressions as surely as asked and rolls good versions back as rarely.
    The final bake stays as configured: it protects against what only full traffic shows.
    """
    for other in _by_cost(setting):
        if _suffices(other, expectation, target):
            return forecast(other, expectation, target)
    return None


def patch(configured: Setting, wanted: Setting) -> Patch:
    """Keys below `endpoint.canary` that differ, with the wanted values."""
    keys: Patch = {}
    for key in ("size_percent", "bake_minutes"):
        if getattr(wanted.policy, key) != getattr(configured.policy, key):
            keys[key] = getattr(wanted.policy, key)
    alarms: Patch = {
        key: getattr(wanted, key)
        for key in ("error_ratio", "model_error_ratio")
        if getattr(wanted, key) != getattr(configured, key)
    }
    return {**keys, "alarms": alarms} if alarms else keys


def sufficient_traffic(setting: Setting, expectation: Expectation, target: Target) -> float | None:
    """The least of a few multiples of the expected traffic at which a setting suffices."""
    for factor in (1, *_TRAFFIC):
        busier = replace(expectation, requests_per_minute=expectation.requests_per_minute * factor)
        if forecast(setting, busier, target).reaches(target):
            return busier.requests_per_minute
    return None


def _suffices(setting: Setting, expectation: Expectation, target: Target) -> bool:
    errors = against(setting, expectation, added_error_ratio=target.added_error_ratio)
    if errors.probability < target.detection:
        return False
    found = forecast(setting, expectation, target)
    return found.reaches(target) and found.is_calm(target)


def _false_rollback(setting: Setting, expectation: Expectation) -> float:
    final = Shift(share=1.0, seconds=setting.policy.final_bake_minutes * 60)
    shifts = (*setting.partial_shifts, final)
    exposure = replace(_exposure(expectation, shifts), settle_periods=0)
    return any_of(
        [
            detection(signal, exposure, _risk(signal, expectation, 0.0, 1.0))
            for signal in setting.signals
        ]
    )


def _exposure(expectation: Expectation, shifts: tuple[Shift, ...]) -> Exposure:
    return Exposure(
        requests_per_minute=expectation.requests_per_minute,
        instances=expectation.instances,
        shifts=shifts,
    )


def _risk(
    signal: Signal, expectation: Expectation, added_error_ratio: float, latency_factor: float
) -> Risk:
    if signal.unit == "Microseconds":
        limit_ms = signal.threshold / 1000
        return Risk(
            old=expectation.slower_than(limit_ms),
            new=expectation.slower_than(limit_ms, factor=latency_factor),
        )
    old = expectation.error_ratio
    return Risk(old=old, new=min(1.0, old + added_error_ratio))


def _with(
    setting: Setting,
    *,
    share: int | None = None,
    bake: int | None = None,
    threshold: float = 1.0,
) -> Setting:
    policy = replace(
        setting.policy,
        size_percent=share or setting.policy.size_percent,
        bake_minutes=bake or setting.policy.bake_minutes,
    )
    return replace(
        setting,
        policy=policy,
        error_ratio=round(setting.error_ratio * threshold, 6),
        model_error_ratio=round(setting.model_error_ratio * threshold, 6),
    )


def _by_cost(setting: Setting) -> Iterator[Setting]:
    """Every allowed combination; the least changed first among those that cost the same."""
    shares = sorted({*_SHARES, setting.policy.size_percent})
    bakes = sorted({*_BAKES, setting.policy.bake_minutes})
    combined = {
        _with(setting, share=share, bake=bake, threshold=factor): abs(math.log(factor))
        for share, bake, factor in product(shares, bakes, _THRESHOLDS)
    }
    allowed = [other for other in combined if _is_allowed(other)]
    yield from sorted(
        allowed,
        key=lambda s: (
            s.policy.wait_minutes,
            s.policy.size_percent,
            combined[s],
            s.error_ratio,
        ),
    )


def _is_allowed(setting: Setting) -> bool:
    return max(setting.error_ratio, setting.model_error_ratio) < 1 and not violations(
        setting.policy, setting.window
    )
