"""`mlops release`: which version each stage runs, edited in `config/releases.yaml`."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError

from mlops.cli.automate import automate
from mlops.cli.model_argument import model_argument
from mlops.cli.no_access import NO_ACCESS, is_no_access
from mlops.cli.output import (
    JSON_OPTION,
    ChangeOutput,
    HistoryOutput,
    ModelStatusOutput,
    StageOutput,
    StatusOutput,
    utc,
)
from mlops.cli.profiles import profile_of
from mlops.cli.registry import WORKSPACE
from mlops.cli.terminal import console
from mlops.contract import Platform, load_platform
from mlops.registry import (
    MissingGroupError,
    RegistryError,
    SageMakerClient,
    aws_client,
    local_client,
)
from mlops.release import (
    NOT_ASKED,
    Checkout,
    Move,
    RecordFiles,
    RecordParameters,
    Records,
    Registered,
    ReleaseError,
    ReleasesFile,
    StageStatus,
    approval_remarks,
    changes,
    commit_release,
    content_of,
    live_version,
    pin,
    promote,
    registered_versions,
    require_approved,
    rollback,
    stage_clients,
)
from mlops.release.automation.assessment import Assessor
from mlops.release.pins.history import Change
from mlops.release.table import history_table, plain, status_table


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a command that moves a pin knows besides its own arguments."""

    file: ReleasesFile
    checkout: Checkout
    model: str


@click.group()
def release() -> None:
    """Say which version of a model each stage runs. A release is a commit; nothing is deployed."""


release.add_command(automate)
_STAGE = click.argument("stage")


def _moves(command: Callable[..., Move]) -> Callable[..., None]:
    """Carries out the move that a command decides on: checked, shown, written, committed."""

    @model_argument()
    @click.option("--commit", is_flag=True, help="Commit the file, and nothing else; never pushes.")
    @click.option("--reason", help="Why, for the commit's message.")
    @click.pass_obj
    @functools.wraps(command)
    def moved(
        root: Path,
        /,
        *,
        model: str,
        commit: bool,
        reason: str | None,
        target: str | None = None,
        profile: str | None = None,
        **arguments: object,
    ) -> None:
        _require_reason(commit=commit, reason=reason)
        with _refusals():
            file = ReleasesFile.read(root, model=model)
            asked = _Asked(file=file, checkout=Checkout(root=root), model=model)
            move = command(asked, **arguments)
            if target is not None and move.version is not None:
                client = _registry(root, file.platform, target, profile)
                names, number = file.platform.names, move.version
                require_approved(client, names, model=model, number=number)
                content = content_of(client, names, model=model, number=number)
                move = replace(move, content=content)
            elif move.version is not None:
                _require_plausible(root, file, move)
            _carry_out(asked, move, reason)

    return moved


def _looks_up(command: Callable[..., None]) -> Callable[..., None]:
    """Lets a command ask a registry whether the version is approved; it asks none by default."""
    target = click.option(
        "--target",
        type=click.Choice(["local", "aws"]),
        help="Registry that must have approved the version. Default: none is asked.",
    )
    return target(click.option("--profile", help="AWS profile, with --target aws.")(command))


@release.command("pin")
@_looks_up
@_moves
@_STAGE
@click.argument("version", type=click.IntRange(1, 999_999_999))
def pin_(asked: _Asked, *, stage: str, version: int) -> Move:
    """Let STAGE run VERSION of MODEL."""
    return pin(asked.file, model=asked.model, stage=stage, version=version)


@release.command()
@_moves
@_STAGE
def unpin(asked: _Asked, *, stage: str) -> Move:
    """Take MODEL out of STAGE: it has no serving stack there any more."""
    return pin(asked.file, model=asked.model, stage=stage, version=None)


@release.command("promote")
@_looks_up
@_moves
@click.option("--from", "source", help="Stage whose version it is. Default: the one before --to.")
@click.option("--to", "target_stage", help="Stage that gets it. Default: the one after --from.")
def promote_(asked: _Asked, *, source: str | None, target_stage: str | None) -> Move:
    """Let the next stage run the version of MODEL that a stage runs."""
    if source is None and target_stage is None:
        raise click.UsageError("say --from or --to, or both")
    return promote(asked.file, model=asked.model, source=source, target=target_stage)


@release.command("rollback")
@_looks_up
@_moves
@_STAGE
def rollback_(asked: _Asked, *, stage: str) -> Move:
    """Let STAGE run the version of MODEL again that it ran before, as git's history has it."""
    return rollback(asked.file, asked.checkout, model=asked.model, stage=stage)


@release.command()
@model_argument()
@click.option("--stage", help="Only this stage's changes.")
@JSON_OPTION
@click.pass_obj
def history(root: Path, *, model: str, stage: str | None, as_json: bool) -> None:
    """Show the commits that changed MODEL's releases, newest first."""
    with _refusals():
        file = ReleasesFile.read(root, model=model)
        if stage is not None:
            file.require_stage(stage)
        stages = file.stages if stage is None else (stage,)
        found = changes(Checkout(root=root).commits(), model=model, stages=stages)
    if as_json:
        HistoryOutput(model=model, changes=[_change(one) for one in reversed(found)]).echo()
    else:
        console().print(history_table(model, found))


@release.command()
@model_argument(required=False)
@click.option(
    "--target",
    type=click.Choice(["local", "aws"]),
    help="Registry to compare with; aws asks the stages' endpoints, too. Default: git alone.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="[STAGE=]NAME",
    help="AWS profile, of all stages or of one; may be repeated.",
)
@JSON_OPTION
@click.pass_obj
def status(
    root: Path,
    *,
    model: str | None,
    target: str | None,
    profiles: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show per stage what is pinned, runs, is approved and is newest, and what differs.

    The exit code is 3 where a stage or the registry could not be asked; the rest is shown.
    """
    found: list[ModelStatusOutput] = []
    unasked = False
    with _refusals():
        platform = load_platform(root, model=model)
        for name in [model] if model else platform.model_names:
            registered, registry_answered = _registered(root, platform, name, target, profiles)
            stages = _statuses(platform, name, registered, target, profiles)
            unasked |= not (registry_answered and all(one.live.was_asked for one in stages))
            if registered is not None:
                stages, records_answered = _with_held(root, name, stages, target, profiles)
                unasked |= not records_answered
            found.append(ModelStatusOutput(model=name, stages=[_stage(one) for one in stages]))
            if not as_json:
                console().print(status_table(name, stages))
    if as_json:
        StatusOutput(models=found).echo()
    if unasked:
        raise click.exceptions.Exit(NO_ACCESS)


def _change(change: Change) -> ChangeOutput:
    return ChangeOutput(**vars(change) | {"when": utc(change.when)})


def _stage(status: StageStatus) -> StageOutput:
    live, registered = status.live, status.registered
    return StageOutput(
        stage=status.stage,
        pinned=status.pinned,
        live=live.version,
        endpoint_status=live.endpoint_status,
        release=live.release,
        unknown=None if live is NOT_ASKED else live.unknown,
        approved=registered.approved if registered else None,
        newest=registered.newest if registered else None,
        held=list(status.held),
        differences=status.differences,
    )


def _require_plausible(root: Path, file: ReleasesFile, move: Move) -> None:
    """Refuse a version that nothing here knows, unless it is the next one.

    Raises:
        ReleaseError: with what asks the registry instead.
    """
    pinned = [file.version(model=move.model, stage=stage) for stage in file.stages]
    known = {version for version in pinned if version is not None}
    if move.version is None or move.version <= max(known, default=0) + 1:
        return
    try:
        client = _registry(root, file.platform, "local", None)
        known |= registered_versions(client, file.platform.names, move.model).keys()
    except MissingGroupError:
        pass  # nothing was registered on this machine
    if move.version not in known:
        raise ReleaseError(
            f"{move.model} {move.version}: neither a stage nor the registry of this machine knows "
            f"this version; known: {', '.join(map(str, sorted(known))) or 'none'}; remedy: say "
            "--target aws (or local) to ask the registry, or correct the version"
        )


def _require_reason(*, commit: bool, reason: str | None) -> None:
    if commit and not (reason or "").strip():
        raise click.UsageError("--commit needs a --reason: the commit's message says why")
    if reason is not None and not commit:
        raise click.UsageError("--reason goes into a commit; add --commit")


@contextmanager
def _refusals() -> Iterator[None]:
    """What a person can fix ends a command without a traceback."""
    try:
        yield
    except (ReleaseError, RegistryError) as error:
        raise click.ClickException(str(error)) from error
    except BotoCoreError as error:
        raise click.ClickException(f"no access to AWS: {error}") from error


def _carry_out(asked: _Asked, move: Move, reason: str | None) -> None:
    before, after = asked.file, move.applied_to(asked.file)
    if after.text == before.text:
        now = "has no release there" if move.version is None else f"is {move.version} already"
        click.echo(f"{move.model} in {move.stage}: {now}; nothing to change")
        return
    if reason is None:
        after.write(before=before)
        done = "written; the release is made by its commit"
    else:
        message = f"{move.subject}\n\n{reason.strip()}\n"
        asked.checkout.require_branch()
        commit = commit_release(after, before=before, checkout=asked.checkout, message=message)
        done = f"committed as {commit[:10]}; the release is made by pushing it"
    click.echo(after.diff(before), nl=False)
    click.echo(f"{move.subject}: {done}")


def _registry(root: Path, platform: Platform, target: str, profile: str | None) -> SageMakerClient:
    stage = platform.stages.training
    if target == "aws":
        return aws_client(region=stage.region, profile=profile)
    folder = root / WORKSPACE / "registry"
    return local_client(folder, account=stage.account, region=stage.region)


def _statuses(
    platform: Platform,
    model: str,
    registered: Registered | None,
    target: str | None,
    profiles: tuple[str, ...],
) -> list[StageStatus]:
    found: list[StageStatus] = []
    for stage in platform.stages.stages:
        live = NOT_ASKED
        if target == "aws":
            clients = stage_clients(stage, profile=profile_of(profiles, stage.name))
            live = live_version(clients, platform.names, stage, model)
        found.append(
            StageStatus(
                stage=stage.name,
                pinned=platform.releases.version(model=model, stage=stage.name),
                before=found[-1] if found else None,
                live=live,
                registered=registered,
            )
        )
    return found


def _with_held(
    root: Path,
    model: str,
    stages: list[StageStatus],
    target: str | None,
    profiles: tuple[str, ...],
) -> tuple[list[StageStatus], bool]:
    """The stages with what the release automation keeps out of them, and whether all were asked."""
    file = ReleasesFile.read(root, model=None)
    profile = profile_of(profiles, file.platform.stages.training.name)
    try:
        found = Assessor(
            file=file,
            commits=Checkout(root=root).commits(),
            client=_registry(root, file.platform, target or "local", profile),
            records=_records(root, file.platform, target, profiles),
            rejects=False,
        ).assess(model)
    except ReleaseError as error:
        click.echo(f"what is held was not looked up: {error}", err=True)
        return stages, True
    for problem in found.problems:
        click.echo(plain(problem).plain, err=True)
    held = {decision.stage: decision.held for decision in found.decisions}
    return [replace(one, held=held.get(one.stage, ())) for one in stages], not found.unheard


def _records(
    root: Path, platform: Platform, target: str | None, profiles: tuple[str, ...]
) -> Records:
    if target != "aws":
        return RecordFiles(folder=root / WORKSPACE / "records")
    return RecordParameters(
        names=platform.names,
        clients=lambda stage: stage_clients(stage, profile=profile_of(profiles, stage.name)),
    )


def _registered(
    root: Path, platform: Platform, model: str, target: str | None, profiles: tuple[str, ...]
) -> tuple[Registered | None, bool]:
    """The registry's view, and whether it was asked; the pins are worth showing without it."""
    if target is None:
        return None, True
    profile = profile_of(profiles, platform.stages.training.name)
    try:
        client = _registry(root, platform, target, profile)
        versions = registered_versions(client, platform.names, model)
        # Rehearsals have one person, and no identities.
        remarks = approval_remarks(client, versions) if target == "aws" else {}
    except (ReleaseError, RegistryError, BotoCoreError) as error:
        click.echo(f"the registry was not compared: {error}", err=True)
        return None, not is_no_access(error)
    return Registered.of(list(versions.values()), remarks=remarks), True
