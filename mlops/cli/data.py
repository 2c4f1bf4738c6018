"""`mlops data`: record which sample a model is trained on, and publish it to the training stage."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from mlops.cli.model_argument import model_argument
from mlops.contract import load_platform, sha256_of
from mlops.contract.document import read_document


@click.group()
def data() -> None:
    """Record and publish a model's training data."""


@data.command()
@model_argument()
@click.pass_obj
def record(root: Path, model: str) -> None:
    """Write the SHA-256 of MODEL's sample into its model.yaml; comments and order stay."""
    contract = root / "model_code" / model.replace("-", "_") / "model.yaml"
    if not contract.is_file():
        raise click.UsageError(f"there is no {contract.relative_to(root)}")
    click.echo(f"{model}: data.version is {record_version(contract, root=root)}")


@data.command()
@model_argument()
@click.option("--profile", help="AWS profile of the training stage's account.")
@click.option(
    "--training-end",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day whose rows a training by itself keeps for later; default: the contract's.",
)
@click.pass_obj
def publish(root: Path, model: str, profile: str | None, training_end: datetime | None) -> None:
    """Upload MODEL's sample to the training stage's artifact bucket, unless it is there."""
    platform = load_platform(root, model=model)
    spec, stage = platform.model(model), platform.stages.training
    sample = root / "model_code" / spec.folder / spec.data.sample
    place = {
        "Bucket": platform.names.artifact_bucket(stage),
        "Key": platform.names.data_key(model, spec.data.version, sample.name),
    }
    end = {} if training_end is None else {"training-end": f"{training_end:%Y-%m-%d}"}
    metadata = {"sha256": spec.data.version, **end}
    try:
        session = boto3.Session(profile_name=profile, region_name=stage.region)
        version_id = upload_once(session.client("s3"), sample, metadata, place)
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(
            f"cannot publish to s3://{place['Bucket']}: {error}; deploy '{stage.name}/*' first and "
            f"use credentials of account {stage.account}"
        ) from error
    click.echo(json.dumps({**place, "VersionId": version_id, "Sha256": spec.data.version}))


def record_version(contract: Path, *, root: Path) -> str:
    """Set `data.version` in a contract to the hash of its sample, and return it.

    Only the value changes; the rest of the file stays as a person wrote it.

    Raises:
        ContractError: the contract cannot be read.
        click.UsageError: it names no existing sample, or has no version to change.
    """
    document = read_document(contract, root=root)
    content: Any = document.data
    named = content.get("data") if isinstance(content, dict) else None
    sample = contract.parent / str(named.get("sample") if isinstance(named, dict) else "")
    line = document.lines.get(("data", "version"))
    if not sample.is_file():
        raise click.UsageError(f"{document.file}: data.sample names no file of its folder")
    if line is None:
        raise click.UsageError(
            f"{document.file}: data has no version; add the line 'version: none'"
        )
    version = sha256_of(sample)
    lines = contract.read_text("utf-8").splitlines(keepends=True)
    lines[line - 1] = re.sub(
        r"(version:\s*)[^\s,}#]*", rf"\g<1>{version}", lines[line - 1], count=1
    )
    contract.write_text("".join(lines), "utf-8")
    return version


def upload_once(
    s3: Any, sample: Path, metadata: Mapping[str, str], place: Mapping[str, str]
) -> str:
    """Put the sample in place; an object that is there and says all of this is left alone.

    Returns:
        The object's version id.
    """
    try:
        head = s3.head_object(**place)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
            raise
    else:
        if metadata.items() <= head.get("Metadata", {}).items():
            return str(head.get("VersionId"))
    answer = s3.put_object(**place, Body=sample.read_bytes(), Metadata=metadata)
    return str(answer.get("VersionId"))
