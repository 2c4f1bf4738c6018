"""How a canary's settings would do against a good version and against a bad one.

The figures are `power`'s; here is what they are asked about: the two regressions that every canary
should catch, and what is expected of traffic and of the version in service.
"""

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

from mlops.rollout.policy import LIMITS, AlarmWindow, CanaryPolicy
from mlops.rollout.power import Detection, Exposure, Risk, Shift, any_of, best_of, detection
from mlops.rollout.signals import Signal, microseconds, rollback_signals
from mlops.rollout.traffic import ReleaseTraffic

_NORMAL: Final = NormalDist()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything about a canary that decides what it can see."""

    policy: CanaryPolicy
    window: AlarmWindow
    error_ratio: float
    model_error_ratio: float
    latency_p99_ms: float
    endpoint_error_ratio: float | None = None
    minimum_invocations: int | None = None
    """What the prober makes sure of; None where nothing probes."""

    def requests_per_minute(self, callers_per_minute: float) -> float:
        """All requests while a release is under way: of callers, and the prober's own."""
        if self.minimum_invocations is None:
            return callers_per_minute
        traffic = ReleaseTraffic.of(
            self.policy,
            minimum_invocations=self.minimum_invocations,
            callers_per_minute=callers_per_minute,
        )
        return traffic.per_minute

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
    """What callers send; the prober's requests are the setting's."""
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
    exposure = _exposure(setting, expectation, setting.partial_shifts)
    return best_of(
        [
            detection(
                signal, exposure, _risk(signal, expectation, added_error_ratio, latency_factor)
            )
            for signal in signals or setting.signals
        ]
    )


def _false_rollback(setting: Setting, expectation: Expectation) -> float:
    final = Shift(share=1.0, seconds=setting.policy.final_bake_minutes * 60)
    shifts = (*setting.partial_shifts, final)
    exposure = replace(_exposure(setting, expectation, shifts), settle_periods=0)
    return any_of(
        [
            detection(signal, exposure, _risk(signal, expectation, 0.0, 1.0))
            for signal in setting.signals
        ]
    )


def _exposure(setting: Setting, expectation: Expectation, shifts: tuple[Shift, ...]) -> Exposure:
    return Exposure(
        requests_per_minute=setting.requests_per_minute(expectation.requests_per_minute),
        instances=expectation.instances,
        shifts=shifts,
    )


def _risk(
    signal: Signal, expectation: Expectation, added_error_ratio: float, latency_factor: float
) -> Risk:
    if signal.unit == "Microseconds":
        limit_ms = signal.threshold / microseconds(1)
        return Risk(
            old=expectation.slower_than(limit_ms),
            new=expectation.slower_than(limit_ms, factor=latency_factor),
        )
    old = expectation.error_ratio
    return Risk(old=old, new=min(1.0, old + added_error_ratio))
