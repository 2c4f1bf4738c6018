"""How a canary's settings would do against a good version and against a bad one.

The figures are `power`'s; here is what they are asked about: the two regressions that every canary
should catch, and what is expected of traffic and of the version in service.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Final

from mlops.rollout.counts import Arrivals
from mlops.rollout.policy import LIMITS, AlarmWindow, CanaryPolicy
from mlops.rollout.power import (
    Detection,
    Exposure,
    Risk,
    Shift,
    any_of,
    best_of,
    detection,
    false_alarm,
)
from mlops.rollout.signals import Signal, microseconds, rollback_signals, wrong_answers
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
    minimum_invocations: int | None = None
    """What the prober makes sure of; None where nothing probes."""
    probes: int | None = None
    """What it sends a minute, where that is given; else what the minimum makes necessary."""

    def probes_per_minute(self, callers_per_minute: float) -> int:
        """The prober's requests while a release is under way."""
        if self.probes is not None:
            return self.probes
        if self.minimum_invocations is None:
            return 0
        traffic = ReleaseTraffic.of(
            self.policy,
            minimum_invocations=self.minimum_invocations,
            callers_per_minute=callers_per_minute,
        )
        return traffic.probes_per_minute

    def requests_per_minute(self, callers_per_minute: float) -> float:
        """All requests while a release is under way: of callers, and the prober's own."""
        return callers_per_minute + self.probes_per_minute(callers_per_minute)

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The signals that roll this canary back."""
        return rollback_signals(
            error_ratio=self.error_ratio,
            model_error_ratio=self.model_error_ratio,
            latency_p99_ms=self.latency_p99_ms,
            window=self.window,
        )

    @property
    def watched_shifts(self) -> tuple[Shift, ...]:
        """The shares in which a regression shall be caught: those before all of the traffic moves.

        Where it moves at once, that is the wait before the old fleet goes.
        """
        seconds, size = self.policy.bake_minutes * 60, self.policy.size_percent
        if self.policy.strategy == "canary":
            return (Shift(share=size / 100, seconds=seconds),)
        if self.policy.guarded:
            return tuple(
                Shift(share=percent / 100, seconds=seconds) for percent in range(size, 100, size)
            )
        return (self._whole,)

    @property
    def all_shifts(self) -> tuple[Shift, ...]:
        """Every share under which an alarm still rolls back, all of the traffic included."""
        return (*self.watched_shifts, self._whole) if self.policy.guarded else (self._whole,)

    @property
    def _whole(self) -> Shift:
        # A rolling update has no old fleet to keep: it waits once more, as after each batch.
        policy = self.policy
        rolling = policy.strategy == "rolling"
        minutes = policy.bake_minutes if rolling else policy.final_bake_minutes
        return Shift(share=1.0, seconds=minutes * 60)


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
    arrivals: Arrivals = field(default_factory=Arrivals)
    settle_periods: int = LIMITS.settle_periods
    """Periods from a data point's end to the alarm's verdict about it, at most."""

    def possible_shares(self, share: float) -> tuple[float, ...]:
        """What a share may come to: as asked, or in whole instances, rounded down or up.

        SageMaker does not document how it rounds. A part of a fleet is one instance at least.
        """
        whole = round(share * self.instances, 9)
        down, up = max(1, math.floor(whole)), math.ceil(whole)
        return (share, min(1.0, down / self.instances), min(1.0, up / self.instances))

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
    added_error_ratio: float = 0.05
    wrong_answer_ratio: float = 0.1
    """Part of the held-out rows, in whatever form they are asked, that is answered wrong."""
    latency_factor: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A setting and how it does."""

    setting: Setting
    errors: Detection
    latency: Detection
    answers: Detection | None
    """Of wrong answers, by the prober alone; None where nothing probes."""
    false_rollback: float
    """Probability over the bake and the final bake; a good version's answers are right."""

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
        answers=_answers(setting, expectation, target),
        false_rollback=_false_rollback(setting, expectation),
    )


def _answers(setting: Setting, expectation: Expectation, target: Target) -> Detection | None:
    if not setting.probes_per_minute(expectation.requests_per_minute):
        return None
    # Recorded answers are the version's own: unlike errors, none is wrong by itself.
    return against(
        setting,
        replace(expectation, error_ratio=0.0),
        added_error_ratio=target.wrong_answer_ratio,
        signals=(wrong_answers(setting.window),),
    )


def against(
    setting: Setting,
    expectation: Expectation,
    *,
    added_error_ratio: float = 0.0,
    latency_factor: float = 1.0,
    signals: tuple[Signal, ...] | None = None,
) -> Detection:
    """How surely the setting's signals, or others, catch a worse version, however a share rounds.

    Errors and latency are independent; of the signals that count the same requests the best counts.
    """
    risks = {
        signal: _risk(signal, expectation, added_error_ratio, latency_factor)
        for signal in _leading(signals or setting.signals)
    }
    found = [
        [detection(signal, exposure, risk) for signal, risk in risks.items()]
        for exposure in _exposures(setting, expectation, setting.watched_shifts)
    ]
    best = [best_of(detections) for detections in found]
    return Detection(
        probability=min(_any_kind(risks, each) for each in found),
        expected_seconds=max(one.expected_seconds for one in best),
        expected_harmed=max(one.expected_harmed for one in best),
    )


def _leading(signals: Iterable[Signal]) -> list[Signal]:
    """Of the signals that count the same requests, the one with the lowest threshold.

    It is red whenever another one is.
    """
    lowest: dict[tuple[str, str], Signal] = {}
    for signal in signals:
        key = signal.unit, signal.scope
        if key not in lowest or signal.threshold < lowest[key].threshold:
            lowest[key] = signal
    return list(lowest.values())


def _any_kind(signals: Iterable[Signal], detections: Sequence[Detection]) -> float:
    """The chance of any alarm, on errors or on latency; of each kind the best counts."""
    kinds: dict[str, float] = {}
    for signal, found in zip(signals, detections, strict=True):
        kinds[signal.unit] = max(kinds.get(signal.unit, 0.0), found.probability)
    return any_of(list(kinds.values()))


def _false_rollback(setting: Setting, expectation: Expectation) -> float:
    signals = _leading(setting.signals)

    def probability(exposure: Exposure) -> float:
        kinds: dict[str, float] = {}
        for signal in signals:
            found = false_alarm(signal, exposure, _risk(signal, expectation, 0.0, 1.0))
            kinds[signal.unit] = max(kinds.get(signal.unit, 0.0), found)
        return any_of(list(kinds.values()))

    return max(map(probability, _exposures(setting, expectation, setting.all_shifts)))


def _exposures(
    setting: Setting, expectation: Expectation, shifts: tuple[Shift, ...]
) -> tuple[Exposure, ...]:
    """The same shifts with each of the shares that they may come to."""
    rounded = zip(*(expectation.possible_shares(shift.share) for shift in shifts), strict=True)
    callers = expectation.requests_per_minute
    return tuple(
        Exposure(
            callers_per_minute=callers,
            probes_per_minute=setting.probes_per_minute(callers),
            shifts=tuple(
                replace(shift, share=share) for shift, share in zip(shifts, shares, strict=True)
            ),
            arrivals=expectation.arrivals,
            settle_periods=expectation.settle_periods,
        )
        for shares in dict.fromkeys(rounded)
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
