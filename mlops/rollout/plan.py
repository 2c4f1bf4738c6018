"""Which canary is worth its wait: the configured, its neighbours, the cheapest that suffices."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, product
from typing import Final

from mlops.rollout.forecasting import Expectation, Forecast, Setting, Target, against, forecast
from mlops.rollout.policy import violations

Patch = dict[str, "int | float | Patch"]
"""Keys below `endpoint.canary` and their values."""

_SHARES: Final = (5, 10, 15, 20, 25, 30, 40, 50)
_BAKES: Final = (6, 8, 10, 12, 15, 20, 25, 30, 45, 60)
_THRESHOLDS: Final = (0.5, 1.0, 1.5, 2.0)
_FEW: Final = 1
"""What is multiplied where nobody calls."""
_TRAFFIC: Final = (1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


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
    """Of callers, so that the configured setting reaches the target; None if none would do."""
    expectation: Expectation
    target: Target


def plan_canary(setting: Setting, expectation: Expectation, target: Target) -> Plan:
    """Everything that `mlops canary plan` shows."""
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


def neighbours(setting: Setting) -> tuple[Setting, ...]:
    """Allowed settings that differ in the share, the bake or the error thresholds alone."""
    varied = (
        *(_with(setting, share=share) for share in _shares(setting)),
        *(_with(setting, bake=bake) for bake in _bakes(setting)),
        *(_with(setting, threshold=factor) for factor in _THRESHOLDS),
    )
    return tuple(other for other in varied if other != setting and _is_allowed(other))


def cheapest(setting: Setting, expectation: Expectation, target: Target) -> Forecast | None:
    """The setting with the shortest total wait, then the fewest instances, that is good enough.

    Good enough catches both regressions as surely as asked and rolls good versions back as rarely.
    Of settings that cost the same, none is taken that another one beats, then the least changed.
    None catches wrong answers less surely than the target and than the configured one.
    The final bake stays as configured: it protects against what only full traffic shows.
    """
    answers = _of_answers(forecast(setting, expectation, target))
    least = min(answers, target.detection)
    for equally_dear in _by_cost(setting, expectation.instances):
        sufficient = [
            found
            for other in equally_dear
            if (found := _sufficient(other, expectation, target)) and _of_answers(found) >= least
        ]
        if sufficient:
            return next(
                one for one in sufficient if not any(_beats(rival, one) for rival in sufficient)
            )
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
    """The least of a few multiples of the callers' traffic at which a setting suffices."""
    callers = expectation.requests_per_minute
    for wanted in (callers, *(factor * (callers or _FEW) for factor in _TRAFFIC)):
        busier = replace(expectation, requests_per_minute=wanted)
        if forecast(setting, busier, target).reaches(target):
            return wanted
    return None


def _of_answers(found: Forecast) -> float:
    """How surely wrong answers are caught; not at all where nothing probes."""
    return found.answers.probability if found.answers else 0.0


def _sufficient(setting: Setting, expectation: Expectation, target: Target) -> Forecast | None:
    """How a setting does, if that is good enough."""
    errors = against(setting, expectation, added_error_ratio=target.added_error_ratio)
    if errors.probability < target.detection:
        return None
    found = forecast(setting, expectation, target)
    return found if found.reaches(target) and found.is_calm(target) else None


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


def _by_cost(setting: Setting, instances: int) -> Iterator[tuple[Setting, ...]]:
    """Every allowed combination, cheapest first; the least changed first of an equal price."""
    shares, bakes = _shares(setting), _bakes(setting)
    changes = {
        _with(setting, share=share, bake=bake, threshold=factor): (
            abs(math.log(factor)),
            abs(share - setting.policy.size_percent),
            factor,
            share,
        )
        for share, bake, factor in product(shares, bakes, _THRESHOLDS)
    }
    allowed = [other for other in changes if _is_allowed(other)]
    priced = sorted(allowed, key=lambda other: (_price(other, instances), changes[other]))
    for _, equally_dear in groupby(priced, key=lambda other: _price(other, instances)):
        yield tuple(equally_dear)


def _shares(setting: Setting) -> list[int]:
    """The configured share and, where the traffic moves in parts, others."""
    return sorted({*_SHARES * setting.policy.guarded, setting.policy.size_percent})


def _bakes(setting: Setting) -> list[int]:
    return sorted({*_BAKES * setting.policy.guarded, setting.policy.bake_minutes})


def _price(setting: Setting, instances: int) -> tuple[int, int]:
    """Minutes of waiting, and instances of the first step: SageMaker moves whole ones."""
    return (
        setting.policy.wait_minutes,
        math.ceil(setting.policy.size_percent * instances / 100),
    )


def _beats(one: Forecast, other: Forecast) -> bool:
    """Whether a setting is at least as good in all that its row shows, and better in something."""
    merits, compared = _merits(one), _merits(other)
    return merits != compared and all(
        ours >= theirs for ours, theirs in zip(merits, compared, strict=True)
    )


def _merits(found: Forecast) -> tuple[float, ...]:
    return (
        found.detection,
        -found.false_rollback,
        -found.expected_harmed,
        -found.expected_seconds,
    )


def _is_allowed(setting: Setting) -> bool:
    return max(setting.error_ratio, setting.model_error_ratio) < 1 and not violations(
        setting.policy, setting.window
    )
