"""`mlops validate`: every problem of every configuration file, in well under three seconds."""

from pathlib import Path

import click

from mlops.cli.model_argument import model_argument
from mlops.cli.output import JSON_OPTION, ValidationOutput
from mlops.contract import ContractError, ModelSpec, Platform, Problem, load_platform
from mlops.pipeline import load_compiled
from mlops.pipeline.compiled import SDK_LOCK


@click.command()
@model_argument(required=False)
@JSON_OPTION
@click.pass_context
def validate(context: click.Context, model: str | None, *, as_json: bool) -> None:
    """Check config/ and every model's contract, or MODEL's only.

    Exits with 0 where everything is valid, warnings or not, and with 2 where a file is refused.
    """
    try:
        platform = checked_platform(context.obj, model)
    except ContractError as error:
        if not as_json:
            raise
        ValidationOutput.of(None, error.problems).echo()
        context.exit(2)
    if as_json:
        ValidationOutput.of(platform, platform.warnings).echo()
    else:
        _tell(platform)


def checked_platform(root: Path, model: str | None) -> Platform:
    """The platform, if nothing is wrong with it or with the models' compiled definitions.

    Raises:
        ContractError: with every problem.
    """
    platform = load_platform(root, model=model)
    stale = [problem for spec in platform.models for problem in _definition(platform.root, spec)]
    if stale:
        raise ContractError((*platform.warnings, *stale))
    return platform


def _definition(root: Path, spec: ModelSpec) -> tuple[Problem, ...]:
    """What is wrong with the committed definition of a model."""
    try:
        load_compiled(root, spec)
    except ContractError as error:
        return error.problems
    except OSError as error:
        lost = Problem(
            file=SDK_LOCK,
            key="",
            problem=f"cannot be read: {error.strerror}",
            remedy="restore it: definitions are compared with it",
        )
        return (lost,)
    return ()


def _tell(platform: Platform) -> None:
    count = len(platform.warnings)
    if count:
        click.echo(f"{count} warning{'' if count == 1 else 's'}:", err=True)
    for warning in platform.warnings:
        click.echo(str(warning), err=True)
    stages = ", ".join(stage.name for stage in platform.stages.stages)
    models = ", ".join(spec.name for spec in platform.models)
    click.echo(f"valid: {models} in {stages}")
