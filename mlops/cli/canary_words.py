"""A canary's figures and advice in words that the terminal and the page share."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from mlops.rollout import Patch, Plan, Setting

_ALMOST: Final = 0.9995


def percent(probability: float) -> str:
    """A probability that never reads as certain, or as impossible, when it is not."""
    if _ALMOST <= probability < 1:
        return "> 99.9 %"
    if 0 < probability <= 1 - _ALMOST:
        return "< 0.1 %"
    return f"{probability * 100:.1f} %"


def time(seconds: float) -> str:
    """A duration in minutes, or that it never comes."""
    return "never" if math.isinf(seconds) else f"{seconds / 60:.1f} min"


def harmed(requests: float) -> str:
    """A number of requests, rounded as an expectation deserves."""
    return f"{requests:.1f}" if 0 < requests < 10 else f"{requests:,.0f}"  # noqa: PLR2004  # two digits


def advice(plan: Plan) -> Iterator[str]:
    """Whether the configured canary suffices, and what would."""
    yield _where_it_stands(plan)
    if not plan.configured.is_calm(plan.target):
        yield (
            f"it would roll back {percent(plan.configured.false_rollback)} of good "
            f"versions; a recommendation stays under {percent(plan.target.false_rollback)}"
        )
    if plan.cheapest is None:
        yield _what_traffic_would_help(plan)
    elif not plan.patch:
        yield "no cheaper canary reaches it as calmly"
    else:
        yield _what_is_cheaper(plan.configured.setting, plan.cheapest.setting)


def yaml_lines(patch: Patch, *, stage: str, overridden: frozenset[str]) -> str:
    """The patch as lines to copy, each key in the file that decides it for this stage."""
    in_stage = {key: value for key, value in patch.items() if key in overridden}
    in_model = {key: value for key, value in patch.items() if key not in overridden}
    blocks = []
    if in_model:
        lines = _indented({"endpoint": {"canary": in_model}})
        blocks += ["# model.yaml: every stage that does not override it", *lines]
    if in_stage:
        lines = _indented({"stages": {stage: {"canary": in_stage}}})
        blocks += ["# config/stages.yaml: this stage overrides the model", *lines]
    return "\n".join(blocks)


def _where_it_stands(plan: Plan) -> str:
    target, found = plan.target, plan.configured
    verb = "reaches" if found.reaches(target) else "misses"
    return (
        f"the configured canary {verb} the target of {percent(target.detection)}: it catches "
        f"{target.added_error_ratio * 100:g} points more errors with a probability of "
        f"{percent(found.errors.probability)} and {target.latency_factor:g} times the latency "
        f"with {percent(found.latency.probability)}"
    )


def _what_is_cheaper(configured: Setting, cheapest: Setting) -> str:
    if cheapest.policy.wait_minutes == configured.policy.wait_minutes:
        return "a better one of those that reach it waits as long: see its row"
    return (
        f"the cheapest that reaches it: {cheapest.policy.wait_minutes} minutes of "
        f"waiting instead of {configured.policy.wait_minutes}"
    )


def _what_traffic_would_help(plan: Plan) -> str:
    needed = plan.sufficient_requests_per_minute
    if needed is None:
        return "no allowed share, bake, threshold or traffic reaches it: look at the latency alarm"
    if needed == plan.expectation.requests_per_minute:
        return "no allowed share, bake or threshold reaches it as calmly"
    return (
        "no allowed share, bake or threshold reaches it as calmly; the configured canary would "
        f"at about {needed:g} requests of callers per minute"
    )


def _indented(tree: Mapping[str, object], depth: int = 0) -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{'  ' * depth}{key}:"
            yield from _indented(value, depth + 1)
        else:
            yield f"{'  ' * depth}{key}: {value}"
