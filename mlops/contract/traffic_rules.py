"""Rules on the requests that a model gets in a stage: a verdict on a release needs some."""

from collections.abc import Callable, Iterator
from typing import Final

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.stage_spec import StagesSpec
from mlops.contract.translation import problem_at
from mlops.rollout import MOST_PROBES_PER_MINUTE, most_minimum_invocations, quiet_invocations


def _callers_are_of_stages_before_the_last(
    document: Document, model: ModelSpec, stages: StagesSpec
) -> Iterator[Problem]:
    known = [stage.name for stage in stages.stages[:-1]]
    for name in model.endpoint.stage_requests_per_minute:
        if name not in known:
            yield problem_at(
                document,
                ("endpoint", "stage_requests_per_minute", name),
                "the last stage's traffic is expected_requests_per_minute"
                if name == stages.last.name
                else "there is no such stage",
                got=name,
                allowed=", ".join(known) or "no key: there is one stage only",
                remedy="name a stage before the last, or remove the line",
            )


def _a_canary_reaches_its_minimum(
    document: Document, model: ModelSpec, stages: StagesSpec
) -> Iterator[Problem]:
    for stage in stages.stages:
        canary = stage.canary.applied_to(model.endpoint.canary)
        callers = stages.callers_per_minute(stage, model.endpoint)
        most = most_minimum_invocations(canary.policy, callers_per_minute=callers)
        if canary.minimum_invocations <= most:
            continue
        expected = quiet_invocations(canary.policy, callers_per_minute=callers)
        overridden = stage.canary.minimum_invocations is not None
        where = f"stages.{stage.name}.canary in config/stages.yaml" if overridden else "model.yaml"
        yield problem_at(
            document,
            ("endpoint", "canary", "minimum_invocations"),
            f"every release in stage {stage.name} would be inconclusive: "
            f"{callers} requests a minute of callers on a usual day and at most "
            f"{MOST_PROBES_PER_MINUTE} probes bring a canary of {canary.policy.watched_share:.0%} "
            f"about {expected:.0f} requests within {canary.policy.watched_minutes} minutes of a "
            "quiet hour",
            got=canary.minimum_invocations,
            allowed=f"1 to {most}",
            remedy=f"use {most} or less in {where}, or a larger share or a longer bake",
        )


TRAFFIC_RULES: Final[tuple[Callable[[Document, ModelSpec, StagesSpec], Iterator[Problem]], ...]] = (
    _callers_are_of_stages_before_the_last,
    _a_canary_reaches_its_minimum,
)
