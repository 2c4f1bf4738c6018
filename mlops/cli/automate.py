"""`mlops release automate`: one run of the release automation, by hand or in its build project."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import boto3
import click
from botocore.exceptions import BotoCoreError, NoCredentialsError

from mlops.cli.output import JSON_OPTION, AutomationOutput, DecisionOutput
from mlops.cli.registry import WORKSPACE
from mlops.cli.terminal import console
from mlops.contract import load_config
from mlops.release import (
    Automation,
    AwsSources,
    Git,
    Identity,
    LocalSources,
    ReleaseError,
    Remote,
    Report,
    Sources,
    unattended,
)
from mlops.release.automation.desired import Desired
from mlops.release.git.origin import absolute, folder_in, is_here, named, origin
from mlops.release.table import decisions_table, plain, reasons

AUTHOR: Final = "Release automation <release-automation@mlops.invalid>"


@click.command()
@click.option(
    "--target",
    type=click.Choice(["local", "aws"]),
    required=True,
    help="Registry and release records: those of rehearsals, or the stages' accounts.",
)
@click.option("--remote", help="URL or path that is pushed to. Default: origin of this checkout.")
@click.option("--branch", help="Default: delivery.source.branch of config/stages.yaml, or main.")
@click.option("--dry-run", is_flag=True, help="Show what would change; reject and push nothing.")
@click.option(
    "--author",
    default=AUTHOR,
    show_default=True,
    envvar="MLOPS_RELEASE_AUTHOR",
    help="Author of the commits; also MLOPS_RELEASE_AUTHOR.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="[STAGE=]NAME",
    help="AWS profile, of all stages or of one, instead of the automation's roles.",
)
@JSON_OPTION
@click.pass_obj
def automate(
    root: Path,
    *,
    target: str,
    remote: str | None,
    branch: str | None,
    dry_run: bool,
    author: str,
    profiles: tuple[str, ...],
    as_json: bool,
) -> None:
    """Pin what was approved, reject what failed in a stage, and push the commit.

    Works in a clone of its own, so this checkout stays as it is.
    """
    try:
        git = unattended(Identity.parse(author))
        if target == "local" and remote is None and not (dry_run or is_here(origin(root, git))):
            raise click.UsageError(
                "what was approved on this machine is not released to everybody by default: "
                "say --remote, or --target aws"
            )
        automation = Automation(
            remote=_remote(root, git, remote=remote, branch=branch),
            git=git,
            sources=_sources(root, target, profiles),
            is_dry_run=dry_run,
        )
        report = automation.run()
    except ReleaseError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        _output(report).echo()
    else:
        _show(report)
    if report.problems:
        raise click.exceptions.Exit(1)


def _remote(root: Path, git: Git, *, remote: str | None, branch: str | None) -> Remote:
    url = origin(root, git) if remote is None else named(root, git, remote) or remote
    if branch is None:
        source = load_config(root).stages.delivery.source
        branch = source.branch if source else "main"
    return Remote(url=absolute(url, base=Path.cwd()), branch=branch, folder=folder_in(root, git))


def _sources(root: Path, target: str, profiles: tuple[str, ...]) -> Sources:
    if target == "aws":
        _require_credentials([entry.rpartition("=")[2] for entry in profiles] or [None])
        return AwsSources(profiles=dict(entry.rpartition("=")[::2] for entry in profiles))
    if profiles:
        raise click.UsageError("--profile goes with --target aws")
    return LocalSources(folder=root / WORKSPACE)


def _require_credentials(profiles: Sequence[str | None]) -> None:
    """Refuse to begin where nothing could be asked; what one stage refuses is its own problem."""
    try:
        for profile in profiles:
            if boto3.Session(profile_name=profile).get_credentials() is None:
                raise NoCredentialsError
    except BotoCoreError as error:
        raise click.ClickException(f"no access to AWS: {error}") from error


def _show(report: Report) -> None:
    """Print what was seen and done."""
    out = console()
    for model, decisions in groupby(report.decisions, key=lambda decision: decision.model):
        out.print(decisions_table(model, list(decisions)))
    click.echo(report.diff, nl=False)
    for line in (*report.notes, *report.done):
        out.print(plain(line), soft_wrap=True)
    if not report.problems:
        return
    count = len(report.problems)
    click.echo(f"{count} problem{'' if count == 1 else 's'}:", err=True)
    for problem in report.problems:
        click.echo(plain(problem).plain, err=True)


def _output(report: Report) -> AutomationOutput:
    return AutomationOutput(
        decisions=[_decision(decision) for decision in report.decisions],
        diff=report.diff,
        notes=list(report.notes),
        done=list(report.done),
        problems=list(report.problems),
    )


def _decision(decision: Desired) -> DecisionOutput:
    move = decision.move
    return DecisionOutput(
        model=decision.model,
        stage=decision.stage,
        promotion=decision.promotion,
        pinned=decision.pinned,
        moves=move is not None,
        moves_to=None if move is None else move.version,
        why=reasons(decision),
    )
