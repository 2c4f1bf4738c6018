"""CodePipeline's limits, told before a deployment meets them."""

from collections.abc import Mapping
from typing import Final

from mlops.contract import ContractError, Problem, StagesSpec

ACTIONS_A_STAGE: Final = 50
STAGES: Final = 50
ACTIONS: Final = 1000
# Source, synthesis, self-mutation, assets and images: a stage with one action each.
FIXED: Final = 5
# Registry and pipelines are in the training stage; the foundation and the overview, serving, its
# check and what looks for drift in every stage.
_STACKS_A_STAGE: Final = {True: 3, False: 2}
_STACKS_A_MODEL: Final = {True: 4, False: 3}
# Of a model that scores batches, one more in every stage.
_STACKS_A_BATCH: Final = 1
_STEPS_OF_AN_APPROVAL: Final = {"manual": 2, "automatic": 0}
_STEP_BEFORE: Final = 1
# The stack of the checks, and the step that starts them.
_CHECKS: Final = {True: 2, False: 0}


def check_limits(actions: Mapping[str, int], stages: StagesSpec) -> None:
    """Refuse a pipeline that CodePipeline would refuse.

    Raises:
        ContractError: with the number of models that fit.
    """
    found = [
        (f"{name} has {count} actions", ACTIONS_A_STAGE)
        for name, count in actions.items()
        if count > ACTIONS_A_STAGE
    ]
    if len(actions) > STAGES:
        found.append((f"it has {len(actions)} stages", STAGES))
    if sum(actions.values()) > ACTIONS:
        found.append((f"it has {sum(actions.values())} actions", ACTIONS))
    if found:
        raise ContractError(tuple(_problem(what, limit, stages) for what, limit in found))


def models_that_fit(stages: StagesSpec) -> int:
    """How many models one pipeline can promote through these stages, if all score batches."""
    models = 0
    while _fits(models + 1, stages):
        models += 1
    return models


def stage_actions(models: int, stages: StagesSpec, *, batches: int = 0) -> list[int]:
    """How many actions each configured stage has with so many models, all of them released.

    So many of them score batches.
    """
    return [
        _STACKS_A_STAGE[stage.trains]
        + _STACKS_A_MODEL[stage.trains] * models
        + _STACKS_A_BATCH * batches
        + _STEPS_OF_AN_APPROVAL[stage.approval]
        + _STEP_BEFORE
        + _CHECKS[bool(stage.checks)]
        for stage in stages.stages
    ]


def _fits(models: int, stages: StagesSpec) -> bool:
    counts = stage_actions(models, stages, batches=models)
    # CDK splits what is longer than a stage may be.
    parts = sum(-(-count // ACTIONS_A_STAGE) for count in counts)
    return FIXED + parts <= STAGES and FIXED + sum(counts) <= ACTIONS


def _problem(what: str, limit: int, stages: StagesSpec) -> Problem:
    return Problem(
        file="model_code",
        key="",
        problem=f"the delivery pipeline is too long for CodePipeline: {what}",
        allowed=f"at most {limit}; {models_that_fit(stages)} models fit into these stages",
        remedy="move models into a second repository with a project name of its own",
    )
