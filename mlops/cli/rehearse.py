"""`mlops rehearse`: execute what was synthesized, on this machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from mlops.cli.model_argument import model_argument
from mlops.cli.terminal import console
from mlops.registry import RegistryError
from mlops.rehearsal.batch import Wishes as BatchWishes
from mlops.rehearsal.batch import rehearse_batch
from mlops.rehearsal.canary import FAULT_NAMES, Wishes, rehearse_canary
from mlops.rehearsal.delivery import Wishes as DeliveryWishes
from mlops.rehearsal.delivery import expected_endings, rehearse_delivery
from mlops.rehearsal.drift import Wishes as DriftWishes
from mlops.rehearsal.drift import expectations as drift_expectations
from mlops.rehearsal.drift import rehearse_drift
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.freshness import current_assembly, described_assembly
from mlops.rehearsal.pipeline.rehearsal import rehearse_pipeline

_STOPPED = 130
TOLD = (RehearsalError, RegistryError, BotoCoreError, ClientError)
"""What people hear in a sentence: the registry of rehearsals answers as AWS's does."""
_ASSEMBLY = click.option(
    "--assembly",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Synthesized assembly, rehearsed as it is. Default: what stands in the folder now, which "
    "is synthesized where cdk.out holds something older.",
)
_FROZEN = click.option(
    "--frozen", is_flag=True, help="Refuse where cdk.out is older than the folder."
)
_SCALE = click.option(
    "--scale",
    type=click.FloatRange(min=1),
    help="Deployment seconds per real second. Default: as fast as this machine can bear.",
)
_SEED = click.option(
    "--seed", type=int, default=0, show_default=True, help="Of traffic and faults."
)


@click.group()
def rehearse() -> None:
    """Execute the synthesized artefacts with real data, real processes and real HTTP."""


@rehearse.command()
@model_argument()
@_ASSEMBLY
@_FROZEN
@click.option(
    "--parameter",
    "-p",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Override a pipeline parameter, for example MaxDepth=2. Repeatable.",
)
@click.option("--cache/--no-cache", default=True, help="Reuse unchanged steps, as SageMaker would.")
@click.option("--approve", is_flag=True, help="Approve the version if everything succeeds.")
@click.pass_obj
def pipeline(
    root: Path,
    *,
    model: str,
    assembly: Path | None,
    frozen: bool,
    parameters: tuple[str, ...],
    cache: bool,
    approve: bool,
) -> None:
    """Run MODEL's synthesized pipeline: train, gate, register, serve, replay the examples."""
    chosen = dict(_pair(text) for text in parameters)
    with _endings(model), _assembly(root, model, assembly, frozen=frozen) as folder:
        execution = rehearse_pipeline(
            root,
            model,
            assembly=folder,
            parameters=chosen,
            use_cache=cache,
            approve=approve,
            console=console(),
        )
    sys.exit(0 if execution.succeeded else 1)


@rehearse.command()
@model_argument()
@click.option("--stage", help="Whose endpoint. Default: the last that pins MODEL.")
@click.option(
    "--candidate",
    type=click.IntRange(min=1),
    help="Version to deploy, approved or not. Default: the newest here, which must be approved.",
)
@click.option(
    "--fault",
    type=click.Choice([*FAULT_NAMES, "all"]),
    default="none",
    show_default=True,
    metavar="NAME",
    help=f"What breaks: {', '.join(FAULT_NAMES)}; all: one deployment each.",
)
@_SCALE
@_SEED
@click.option(
    "--resume",
    is_flag=True,
    help="Go on where an earlier rehearsal of the same release was ended.",
)
@_ASSEMBLY
@_FROZEN
@click.pass_obj
def canary(
    root: Path,
    *,
    model: str,
    stage: str | None,
    candidate: int | None,
    fault: str,
    scale: float | None,
    seed: int,
    resume: bool,
    assembly: Path | None,
    frozen: bool,
) -> None:
    """Deploy MODEL's newest version over the released one, under real traffic and one fault."""
    wishes = Wishes(
        stage=stage, candidate=candidate, fault=fault, scale=scale, seed=seed, resume=resume
    )
    with _endings(model), _assembly(root, model, assembly, frozen=frozen) as folder:
        rehearsal = rehearse_canary(root, model, assembly=folder, wishes=wishes, console=console())
    sys.exit(0 if rehearsal.as_expected else 1)


@rehearse.command()
@model_argument()
@click.option(
    "--fault",
    type=click.Choice(list(expected_endings())),
    default="5xx",
    show_default=True,
    metavar="NAME",
    help=f"What is wrong with the second version: {', '.join(expected_endings())}.",
)
@_SCALE
@_SEED
@click.option("--frozen", is_flag=True, help="Refuse where the folder differs from its commit.")
@click.pass_obj
def delivery(
    root: Path, *, model: str, fault: str, scale: float | None, seed: int, frozen: bool
) -> None:
    """Take a good and a bad version of MODEL from approval through every stage, by commits.

    What is not committed takes no part.
    """
    wishes = DeliveryWishes(fault=fault, scale=scale, seed=seed, frozen=frozen)
    with _endings(model):
        rehearsal = rehearse_delivery(root, model, wishes=wishes, console=console())
    sys.exit(0 if rehearsal.as_expected else 1)


@rehearse.command()
@model_argument()
@click.option("--stage", help="Whose endpoint. Default: the last that pins MODEL.")
@click.option(
    "--fault",
    type=click.Choice(list(drift_expectations())),
    default="none",
    show_default=True,
    metavar="NAME",
    help=f"What goes wrong in the first period: {', '.join(drift_expectations())}.",
)
@click.option(
    "--periods",
    type=click.IntRange(min=1),
    help="Months (or quarters) to replay. Default: all, one with a fault.",
)
@_SCALE
@_SEED
@_ASSEMBLY
@_FROZEN
@click.pass_obj
def drift(
    root: Path,
    *,
    model: str,
    stage: str | None,
    fault: str,
    periods: int | None,
    scale: float | None,
    seed: int,
    assembly: Path | None,
    frozen: bool,
) -> None:
    """Replay what happened after MODEL was trained: captured, judged, retrained, released."""
    wishes = DriftWishes(stage=stage, fault=fault, periods=periods, scale=scale, seed=seed)
    with _endings(model), _assembly(root, model, assembly, frozen=frozen) as folder:
        rehearsal = rehearse_drift(root, model, assembly=folder, wishes=wishes, console=console())
    sys.exit(0 if rehearsal.as_expected else 1)


@rehearse.command()
@model_argument()
@click.option("--stage", help="Whose batch. Default: the last that pins MODEL.")
@click.option(
    "--input",
    "input_",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File to score, .jsonl or .csv. Default: rows that no training has seen.",
)
@_ASSEMBLY
@_FROZEN
@click.pass_obj
def batch(
    root: Path,
    *,
    model: str,
    stage: str | None,
    input_: Path | None,
    assembly: Path | None,
    frozen: bool,
) -> None:
    """Score a file with MODEL as a stage's batch would: answered, joined, captured, judged."""
    wishes = BatchWishes(stage=stage, input=input_)
    with _endings(model), _assembly(root, model, assembly, frozen=frozen) as folder:
        rehearsal = rehearse_batch(root, model, assembly=folder, wishes=wishes, console=console())
    sys.exit(1 if rehearsal.failure else 0)


@contextmanager
def _assembly(root: Path, model: str, named: Path | None, *, frozen: bool) -> Iterator[Path]:
    """The assembly to rehearse; what is made or differs is told before anything runs."""
    if named is not None:
        described_assembly(root, named, model, frozen=frozen, say=click.echo)
        yield named
        return
    with current_assembly(root, model, frozen=frozen, say=click.echo) as folder:
        yield folder


@contextmanager
def _endings(model: str) -> Iterator[None]:
    """What a person can fix, or stopped, ends a command without a traceback."""
    try:
        yield
    except RegistryError as error:
        raise click.ClickException(str(error.of(model))) from error
    except TOLD as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("stopped; no process is left", err=True)
        sys.exit(_STOPPED)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"--parameter {text}: write NAME=VALUE")
    return name, value
