"""`mlops pipeline`: compile a model's definition, check it, name its image."""

import sys
from pathlib import Path

import click

from mlops.cli.model_argument import model_argument
from mlops.cli.output import JSON_OPTION, DefinitionFindingOutput, DefinitionOutput
from mlops.contract import load_config, load_platform
from mlops.pipeline import CompileError, compile_model, image_tag, load_compiled, sdk_python
from mlops.pipeline.definition_check import definition_findings


@click.group()
def pipeline() -> None:
    """Compile and check the committed pipeline definition of a model."""


@pipeline.command("compile")
@model_argument()
@click.pass_obj
def compile_(root: Path, model: str) -> None:
    """Compile MODEL's step graph with the SageMaker SDK into its pipeline.json."""
    spec = load_platform(root, model=model).model(model)
    try:
        python = sdk_python(root, say=lambda text: click.echo(text, err=True))
        path = compile_model(root, spec, python=python)
    except CompileError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {path.relative_to(root)}")


@pipeline.command()
@model_argument()
@JSON_OPTION
@click.pass_obj
def check(root: Path, model: str, *, as_json: bool) -> None:
    """Check MODEL's pipeline.json: its form, its requests, references, order and conditions."""
    definition = load_compiled(root, load_platform(root, model=model).model(model))
    findings = definition_findings(definition)
    if as_json:
        DefinitionOutput(
            model=model,
            steps=len(definition["Steps"]),
            findings=[
                DefinitionFindingOutput(at=finding.at, problem=finding.problem)
                for finding in findings
            ],
        ).echo()
        sys.exit(1 if findings else 0)
    for finding in findings:
        click.echo(str(finding), err=True)
    if findings:
        raise click.ClickException(f"{len(findings)} findings in the definition of {model}")
    click.echo(f"{model}: {len(definition['Steps'])} top-level steps, no findings")


@pipeline.command()
@model_argument()
@click.pass_obj
def image(root: Path, model: str) -> None:
    """Print the URI that MODEL's image must be pushed to."""
    platform = load_platform(root, model=model)
    folder = root / "model_code" / platform.model(model).folder
    tag = image_tag(folder, platform.stages.delivery.images)
    click.echo(platform.names.image_uri(model, tag))


@pipeline.command("base-image")
@click.pass_obj
def base_image(root: Path) -> None:
    """Print the base image that `delivery.images.base` names; nothing without one."""
    base = load_config(root).stages.delivery.images.base
    if base:
        click.echo(base)
