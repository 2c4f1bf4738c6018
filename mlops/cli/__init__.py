"""The `mlops` command: a thin shell over the other rooms.

Each command lives in a module of its own that is imported when it is asked for, so that
`mlops validate` never pays for boto3 or a rehearsal.
"""

import importlib
import sys
from pathlib import Path
from typing import Final

import click

from mlops.cli.no_access import NoAccessError, is_no_access
from mlops.contract import ContractError
from mlops.machine import accept_every_character, explained

_COMMANDS: Final = {
    "accept": "mlops.cli.accept:accept",
    "bootstrap-commands": "mlops.cli.bootstrap:bootstrap_commands",
    "bootstrap-policy": "mlops.cli.bootstrap:bootstrap_policy",
    "canary": "mlops.cli.canary:canary",
    "check": "mlops.cli.check:check",
    "data": "mlops.cli.data:data",
    "generate": "mlops.cli.generate:generate",
    "pipeline": "mlops.cli.pipeline:pipeline",
    "registry": "mlops.cli.registry:registry",
    "rehearse": "mlops.cli.rehearse:rehearse",
    "release": "mlops.cli.release:release",
    "validate": "mlops.cli.validate:validate",
}
USER_MISTAKE: Final = 2
_CUT_SHORT: Final = (
    "a compressed file ends before its content does; remedy: write it again, or remove what is "
    "broken in .mlops or cdk.out, and run it again"
)


class _LazyGroup(click.Group):
    """Imports a command's module when the command is used or its help is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{_COMMANDS[cmd_name]} is not a click command")
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and say with one exit code where AWS could not be asked.

        Click would take the end of a file for a person's Ctrl-D.
        """
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if is_no_access(error):
                raise NoAccessError(error.format_message()) from error
            raise
        except EOFError as error:
            raise click.ClickException(_CUT_SHORT) from error


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Repository to work on. Default: the nearest folder upwards with config/stages.yaml.",
)
@click.version_option(package_name="sagemaker-mlops", prog_name="mlops")
@click.pass_context
def cli(context: click.Context, root: Path | None) -> None:
    """From a model's folder to a guarded SageMaker endpoint, proved on this machine first."""
    context.obj = (root or _nearest_root()).resolve()


def main() -> None:
    """Run the command line; what a person can fix ends in a sentence, never in a traceback."""
    accept_every_character()
    try:
        cli(prog_name="mlops")
    except ContractError as error:
        click.echo(report(error), err=True)
        sys.exit(USER_MISTAKE)
    except OSError as error:
        sentence = explained(error)
        if sentence is None:
            raise
        click.echo(f"Error: {sentence}", err=True)
        sys.exit(1)


def report(error: ContractError) -> str:
    """Every problem on its line, and their number."""
    count = len(error.problems)
    lines = [f"{count} problem{'' if count == 1 else 's'}:", *(str(p) for p in error.problems)]
    return "\n".join(lines)


def _nearest_root() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "config" / "stages.yaml").is_file():
            return folder
    return here
