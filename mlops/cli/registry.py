"""`mlops registry`: versions of a model, and the decision about each; the same here and on AWS."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from mlops.cli.model_argument import model_argument
from mlops.cli.output import (
    JSON_OPTION,
    LineageOutput,
    MetricOutput,
    VersionOutput,
    VersionsOutput,
    utc,
)
from mlops.cli.terminal import console
from mlops.contract import Platform, load_platform
from mlops.registry import (
    ModelVersion,
    RegistryError,
    SageMakerClient,
    approve,
    aws_client,
    list_versions,
    local_client,
    reject,
    show,
)
from mlops.registry.lineage import Lineage
from mlops.registry.separation import Identity
from mlops.registry.table import lineage_table, versions_table

WORKSPACE = ".mlops"


@dataclass(frozen=True, kw_only=True)
class _Target:
    """A registry, and a way to read the objects that it points to."""

    client: SageMakerClient
    group: str
    read: Callable[[str], str]
    caller: Callable[[], Identity | None]
    """Who asks, as AWS sees it; None on this machine, where nobody has an identity."""


def _on_target(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command its MODEL argument and the registry that the options name."""

    @model_argument()
    @click.option(
        "--target",
        type=click.Choice(["local", "aws"]),
        default="local",
        show_default=True,
        help="The registry of rehearsals on this machine, or the training stage's account.",
    )
    @click.option("--profile", help="AWS profile, with --target aws.")
    @click.pass_obj
    @functools.wraps(command)
    def resolved(
        root: Path, /, *, model: str, target: str, profile: str | None, **arguments: object
    ) -> None:
        try:
            command(_target(root, model, target, profile), **arguments)
        except RegistryError as error:
            raise click.ClickException(str(error.of(model))) from error

    return resolved


@click.group()
def registry() -> None:
    """List, show, approve and reject the versions of a model."""


@registry.command("list")
@_on_target
@JSON_OPTION
def list_(found: _Target, *, as_json: bool) -> None:
    """List the versions of MODEL, newest first."""
    versions = list_versions(found.client, found.group)
    if as_json:
        VersionsOutput(group=found.group, versions=[_version(one) for one in versions]).echo()
    else:
        console().print(versions_table(versions))


_VERSION = click.argument("version", type=click.IntRange(min=1))
_REASON = click.option("--reason", required=True, help="Kept with the version.")


@registry.command("show")
@_on_target
@_VERSION
@JSON_OPTION
def show_(found: _Target, version: int, *, as_json: bool) -> None:
    """Show where VERSION of MODEL comes from: commit, data, execution, metrics, decision."""
    lineage = show(found.client, found.group, version, read=found.read)
    if as_json:
        _lineage(lineage).echo()
    else:
        console().print(lineage_table(lineage))


@registry.command("approve")
@_on_target
@_VERSION
@_REASON
def approve_(found: _Target, version: int, reason: str) -> None:
    """Let VERSION of MODEL be released."""
    approve(found.client, found.group, version, reason=reason, approver=found.caller())
    click.echo(f"{found.group} version {version} is Approved")


@registry.command("reject")
@_on_target
@_VERSION
@_REASON
def reject_(found: _Target, version: int, reason: str) -> None:
    """Keep VERSION of MODEL from being released."""
    reject(found.client, found.group, version, reason=reason)
    click.echo(f"{found.group} version {version} is Rejected")


def _version(version: ModelVersion) -> VersionOutput:
    return VersionOutput(
        version=version.number,
        arn=version.arn,
        status=version.status,
        created=utc(version.created),
    )


def _lineage(lineage: Lineage) -> LineageOutput:
    """The lineage with the metrics one by one; what has the same name is taken as it is."""
    own = {name: getattr(lineage, name) for name in _SAME}
    return LineageOutput(
        **own,
        group=lineage.version.group,
        version=_version(lineage.version),
        metrics=[
            MetricOutput(name=one.name, value=one.value, low=one.low, high=one.high)
            for one in lineage.metrics
        ],
        metadata=dict(lineage.metadata),
        decided=None if lineage.decided is None else utc(lineage.decided),
    )


_SAME = (
    "commit", "source_hash", "data_version", "data_uri", "execution", "answers_uri",
    "model_data_url", "image", "metrics_uri", "reason",
)  # fmt: skip


def _target(root: Path, model: str, target: str, profile: str | None) -> _Target:
    platform = load_platform(root, model=model)
    group = platform.names.model_package_group(model)
    if target == "local":
        return _local(root, platform, group)
    try:
        return _aws(platform, group, profile)
    except BotoCoreError as error:
        raise click.ClickException(f"no access to AWS: {error}") from error


def _local(root: Path, platform: Platform, group: str) -> _Target:
    stage = platform.stages.training
    folder = root / WORKSPACE

    def read(uri: str) -> str:
        return (folder / "s3" / uri.removeprefix("s3://")).read_text("utf-8")

    client = local_client(folder / "registry", account=stage.account, region=stage.region)
    return _Target(client=client, group=group, read=read, caller=lambda: None)


def _aws(platform: Platform, group: str, profile: str | None) -> _Target:
    region = platform.stages.training.region
    session = boto3.Session(profile_name=profile, region_name=region)
    s3 = session.client("s3")

    def read(uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise OSError(str(error)) from error
        return body.decode("utf-8")

    def caller() -> Identity:
        try:
            known = session.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise RegistryError(f"who you are: {error}; remedy: check the credentials") from error
        return Identity(name=known["Arn"], id=known["UserId"])

    client = aws_client(region=region, profile=profile)
    return _Target(client=client, group=group, read=read, caller=caller)
