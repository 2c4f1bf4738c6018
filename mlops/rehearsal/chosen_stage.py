"""Chooses the stage that a rehearsal imitates: only a stage that pins the model serves it."""

from mlops.contract import Platform, StageSpec
from mlops.rehearsal.errors import RehearsalError


def chosen_stage(platform: Platform, model: str, name: str | None) -> StageSpec:
    """The named stage; by default the last that pins the model, else the last of all.

    Raises:
        RehearsalError: there is no stage of that name.
    """
    stages = {stage.name: stage for stage in platform.stages.stages}
    chosen = name or (_pinning(platform, model) or list(stages))[-1]
    if chosen not in stages:
        allowed = ", ".join(stages)
        raise RehearsalError(f"--stage {chosen}: there is no such stage; allowed: {allowed}")
    return stages[chosen]


def unserved_remedy(platform: Platform, model: str, stage: StageSpec) -> str:
    """What to do where a stage has nothing that serves the model."""
    pinning = [name for name in _pinning(platform, model) if name != stage.name]
    pin = f"mlops release pin {model} {stage.name} <version>"
    if not pinning:
        return f"pin a version of the model: {pin}"
    return f"rehearse a stage that pins the model, --stage {pinning[-1]}, or pin one here: {pin}"


def _pinning(platform: Platform, model: str) -> list[str]:
    """The stages that pin a version of the model, in the order of promotion."""
    return [
        stage.name
        for stage in platform.stages.stages
        if platform.releases.version(model=model, stage=stage.name) is not None
    ]
