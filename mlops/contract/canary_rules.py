"""Rules of a canary: by itself, and as a stage runs it.

A stage overrides keys of every model's canary. What is wrong with an override is one mistake of
`config/stages.yaml`, however many models meet it. What a model asks and a stage cannot give, where
the stage overrides nothing of it, is the model's mistake.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Final

from mlops.contract.document import Document, KeyPath
from mlops.contract.endpoint_spec import CanarySpec
from mlops.contract.model_spec import ModelSpec
from mlops.contract.partial import readable, unreadable
from mlops.contract.problems import Problem, UnreadableError
from mlops.contract.stage_spec import StageSpec, StagesSpec
from mlops.contract.translation import problem_at
from mlops.rollout import (
    LIMITS,
    MOST_PROBES_PER_MINUTE,
    AlarmWindow,
    CanaryPolicy,
    Violation,
    most_minimum_invocations,
    quiet_invocations,
    violations,
)

_CANARY: Final[KeyPath] = ("endpoint", "canary")
_MINIMUM: Final = "minimum_invocations"
_INSTANCES: Final = "min_instances"
_TYPE: Final = "instance_type"
_KEYS: Final[dict[str, KeyPath]] = {_INSTANCES: _CANARY, _TYPE: (*_CANARY, "strategy")}
"""Where a model is told of what is not a key of its canary."""
_POLICY_KEYS: Final = tuple(field.name for field in fields(CanaryPolicy))
_WINDOW_KEYS: Final = tuple(field.name for field in fields(AlarmWindow))

_Found = tuple[ModelSpec, Violation]


def _canary_protects(document: Document, model: ModelSpec) -> Iterator[Problem]:
    for violation in _own(model.endpoint.canary):
        yield problem_at(
            document,
            (*_CANARY, *violation.key.split(".")),
            violation.problem,
            got=violation.got,
            allowed=violation.allowed,
            remedy=violation.remedy,
        )


def _the_stage_can_run_the_canary(
    document: Document, model: ModelSpec, stages: StagesSpec
) -> Iterator[Problem]:
    for stage in stages.stages:
        for violation, blamed in readable(_in_stage, model, stage, stages):
            if blamed is None:
                yield problem_at(
                    document,
                    _KEYS.get(violation.key, (*_CANARY, violation.key)),
                    violation.problem,
                    got=violation.got,
                    allowed=violation.allowed,
                    remedy=violation.remedy,
                )


def _the_stage_canary_protects(
    document: Document, models: Sequence[ModelSpec], stages: StagesSpec
) -> Iterator[Problem]:
    for stage in stages.stages:
        found: dict[tuple[str, str], list[_Found]] = {}
        for model in models:
            for violation, blamed in readable(_in_stage, model, stage, stages):
                if blamed is not None:
                    found.setdefault((blamed, violation.key), []).append((model, violation))
        for (blamed, _), violated in found.items():
            yield _overridden(document, stage, blamed, violated, of=len(models))


def _own(canary: CanarySpec, refused: frozenset[str] = frozenset()) -> list[Violation]:
    """What is wrong with a canary by the rules whose keys can all be read."""
    unread = unreadable(canary)
    alarms = None if "alarms" in unread else canary.alarms
    unseen = _WINDOW_KEYS if alarms is None else unreadable(alarms)
    # What cannot be read is never looked at: the defaults in its place are of no consequence.
    policy = CanaryPolicy(
        **{key: getattr(canary, key) for key in _POLICY_KEYS if key not in unread}
    )
    window = AlarmWindow(**{key: getattr(alarms, key) for key in _WINDOW_KEYS if key not in unseen})
    out = unread | {f"alarms.{key}" for key in unseen} | refused
    return violations(policy, window, refused=out)


def _in_stage(
    model: ModelSpec, stage: StageSpec, stages: StagesSpec
) -> Iterator[tuple[Violation, str | None]]:
    """What is wrong with a canary as a stage runs it, and the override that is to blame if any is.

    Nothing is said that the model is told anyway, or that follows from a value refused already.
    """
    own, written = model.endpoint.canary, stage.canary.written
    told = {violation.key for violation in _own(own)} - {*written}
    canary = stage.canary.applied_to(own)
    found = _own(canary, frozenset(told))
    for violation in found:
        yield violation, _override(stage, violation)
    refused = told | {violation.key for violation in found} | unreadable(canary)
    for rule in _STAGE_RULES:
        broken = _asked(rule, model, canary, stage, stages)
        if broken is None or not refused.isdisjoint(broken.reads):
            continue
        decides = broken.reads[0] in written
        anyway = _asked(rule, model, own, stage, stages) is not None
        yield broken, _override(stage, broken) if decides or not anyway else None


def _asked(
    rule: "_StageRule", model: ModelSpec, canary: CanarySpec, stage: StageSpec, stages: StagesSpec
) -> Violation | None:
    try:
        return rule(model, canary, stage, stages)
    except UnreadableError:
        return None


def _override(stage: StageSpec, violation: Violation) -> str | None:
    """The violated key if the stage overrides it, or the first that it was reckoned from."""
    return next((key for key in violation.reads if key in stage.canary.written), None)


def _a_canary_has_two_instances(
    model: ModelSpec, canary: CanarySpec, stage: StageSpec, _: StagesSpec
) -> Violation | None:
    tier = model.endpoint.tier
    capacity = stage.capacity.get(tier)
    if capacity is None or not canary.guarded:
        return None
    if capacity.min_instances >= LIMITS.guarded_instances:
        return None
    return Violation(
        key=_INSTANCES,
        problem=f"a share of at most half the fleet needs {LIMITS.guarded_instances} instances, "
        f"and tier {tier} of stage {stage.name} starts with {capacity.min_instances}",
        got=capacity.min_instances,
        lowest=LIMITS.guarded_instances,
        highest=None,
        remedy=f"raise stages.{stage.name}.capacity.{tier}.min_instances in config/stages.yaml, or "
        "set canary.strategy: all-at-once",
        reads=("strategy",),
    )


def _guarded_instances_are_not_inf1(
    model: ModelSpec, canary: CanarySpec, stage: StageSpec, _: StagesSpec
) -> Violation | None:
    capacity = stage.capacity.get(model.endpoint.tier)
    if capacity is None or not canary.guarded:
        return None
    instance_type = model.endpoint.instance_type or capacity.instance_type
    if not instance_type.startswith("ml.inf1."):
        return None
    return Violation(
        key=_TYPE,
        problem=f"on {instance_type} (stage {stage.name}) SageMaker silently deploys all at once, "
        "without a bake",
        got=instance_type,
        choice="any family but inf1",
        remedy="use inf2, or canary.strategy: all-at-once",
        reads=("strategy",),
    )


def _a_canary_reaches_its_minimum(
    model: ModelSpec, canary: CanarySpec, stage: StageSpec, stages: StagesSpec
) -> Violation | None:
    minimum, policy = canary.minimum_invocations, canary.policy
    callers = stages.callers_per_minute(stage, model.endpoint)
    most = most_minimum_invocations(policy, callers_per_minute=callers)
    if minimum <= most:
        return None
    expected = quiet_invocations(policy, callers_per_minute=callers)
    overridden = _MINIMUM in stage.canary.written
    where = f"stages.{stage.name}.canary in config/stages.yaml" if overridden else "model.yaml"
    return Violation(
        key=_MINIMUM,
        problem=f"every release in stage {stage.name} would be inconclusive: {callers} requests a "
        f"minute of callers on a usual day and at most {MOST_PROBES_PER_MINUTE} probes bring a "
        f"canary of {policy.watched_share:.0%} about {expected:.0f} requests within "
        f"{policy.watched_minutes} minutes of a quiet hour",
        got=minimum,
        lowest=1,
        highest=most,
        remedy=f"use {most} or less in {where}, or a larger share or a longer bake",
        reads=(_MINIMUM, *_POLICY_KEYS),
    )


def _overridden(
    document: Document, stage: StageSpec, key: str, found: list[_Found], *, of: int
) -> Problem:
    """One problem of an override for those that meet it, of so many models."""
    tightest = min((violation for _, violation in found), key=_room)
    lowest = max(violation.lowest for _, violation in found)
    narrowed = replace(tightest, lowest=lowest)
    everyone = len(found) == of and len({violation.problem for _, violation in found}) == 1
    whom = "" if everyone else f" ({_named([model.name for model, one in found])})"
    own = key == narrowed.key
    return problem_at(
        document,
        ("stages", stage.name, "canary", key),
        f"{'' if own else f'{narrowed.key}: '}{narrowed.problem}{whom}",
        got=narrowed.got if own else getattr(stage.canary, key),
        allowed=narrowed.allowed if own else f"{narrowed.key} of {narrowed.allowed}",
        remedy=narrowed.remedy
        if own
        else f"change {key} here, or {narrowed.key}: {narrowed.remedy}",
    )


def _room(violation: Violation) -> tuple[float, float]:
    """How little is allowed: the smaller, the tighter."""
    highest = math.inf if violation.highest is None else violation.highest
    return highest, -violation.lowest


def _named(names: list[str]) -> str:
    others = len(names) - 1
    return names[0] if not others else f"{names[0]} and {others} other model{'s' * (others > 1)}"


_StageRule = Callable[[ModelSpec, CanarySpec, StageSpec, StagesSpec], Violation | None]
_STAGE_RULES: Final[tuple[_StageRule, ...]] = (
    _a_canary_has_two_instances,
    _guarded_instances_are_not_inf1,
    _a_canary_reaches_its_minimum,
)
CANARY_RULES: Final[tuple[Callable[[Document, ModelSpec], Iterator[Problem]], ...]] = (
    _canary_protects,
)
CANARY_STAGES_RULES: Final[
    tuple[Callable[[Document, ModelSpec, StagesSpec], Iterator[Problem]], ...]
] = (_the_stage_can_run_the_canary,)
OVERRIDE_RULES: Final[
    tuple[Callable[[Document, Sequence[ModelSpec], StagesSpec], Iterator[Problem]], ...]
] = (_the_stage_canary_protects,)
