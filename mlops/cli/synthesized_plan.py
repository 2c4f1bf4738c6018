"""The plan of a stage's checks, read from what was synthesized."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from mlops.checks.plan import Plan, PlanError

PLAN: Final = "plan.json"


def synthesized_plan(assembly: Path, stage: str) -> Plan:
    """The plan that a deployment of this assembly would hand to the stage's runner.

    Raises:
        UsageError: the assembly has none for this stage, or one that cannot be read.
    """
    for archive in _archives(assembly, stage):
        with zipfile.ZipFile(archive) as packed:
            if PLAN in packed.namelist():
                return _plan(archive, packed.read(PLAN).decode())
    raise click.UsageError(
        f"{assembly} holds no checks of {stage}; remedy: `make synth`, with `checks` of the stage "
        "and a release of a model there"
    )


def _plan(archive: Path, text: str) -> Plan:
    try:
        return Plan.from_json(text)
    except PlanError as error:
        raise click.UsageError(f"{archive}: {error}; remedy: `make synth`") from error


def _archives(assembly: Path, stage: str) -> Iterator[Path]:
    """The files that the stage's stacks publish; other stages publish into the same folder."""
    for manifest in sorted((assembly / f"assembly-{stage}").glob("*Checks*.assets.json")):
        for asset in json.loads(manifest.read_text("utf-8"))["files"].values():
            archive = manifest.parent / asset["source"]["path"]
            if zipfile.is_zipfile(archive):
                yield archive
