"""`mlops validate`: every problem of every configuration file, in well under three seconds."""

from pathlib import Path

import click

from mlops.contract import load_platform


@click.command()
@click.argument("model", required=False)
@click.pass_obj
def validate(root: Path, model: str | None) -> None:
    """Check config/ and every model's contract, or MODEL's only."""
    platform = load_platform(root, model=model)
    stages = ", ".join(stage.name for stage in platform.stages.stages)
    models = ", ".join(spec.name for spec in platform.models)
    count = len(platform.warnings)
    if count:
        click.echo(f"{count} warning{'' if count == 1 else 's'}:", err=True)
    for warning in platform.warnings:
        click.echo(str(warning), err=True)
    click.echo(f"valid: {models} in {stages}")
