"""What messages tell people to type works as it is told."""

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from mlops.cli import cli
from mlops.contract import ContractError

ROOT = Path(__file__).resolve().parents[2]
VALUES = {"model": "bike-demand", "version": "1", "stage": "dev"}
OPTIONS = {"target": "aws", "reason": "why", "stage": "dev"}
HEAVY = ("accept", "check")
"""They synthesize before they ask AWS."""


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _commands(found, (*path, name))
        else:
            yield (*path, name)


def _command(words: list[str]) -> tuple[click.Command, list[str]]:
    found: click.Command = cli
    while isinstance(found, click.Group) and words:
        name, *words = words
        step = found.get_command(click.Context(found), name)
        assert step is not None, name
        found = step
    return found, words


def _texts(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = (one.value if isinstance(one, ast.Constant) else "x" for one in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _told() -> list[str]:
    found: set[str] = set()
    for file in sorted((ROOT / "mlops").rglob("*.py")):
        for text in _texts(file.read_text("utf-8")):
            found.update(re.findall(r"`mlops ([a-z][^`]*)`", text))
    return sorted(found)


EVERY = [" ".join(path) for path in _commands(cli)]
WITH_PROFILE = [
    path
    for path in EVERY
    if path.split()[0] not in HEAVY
    and any("--profile" in one.opts for one in _command(path.split())[0].params)
]
WITH_MODEL = [
    path
    for path in EVERY
    if any(one.human_readable_name == "MODEL" for one in _command(path.split())[0].params)
]


@pytest.mark.parametrize("command", _told())
def test_a_command_that_a_message_names_has_the_options_that_it_needs(command: str) -> None:
    found, rest = _command(shlex.split(command))
    needed = {one.opts[0] for one in found.params if isinstance(one, click.Option) and one.required}

    assert not rest or needed <= set(rest), command


@pytest.mark.parametrize("path", WITH_PROFILE)
def test_a_profile_that_is_not_there_ends_no_command_in_a_traceback(
    path: str, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    found, _ = _command(path.split())
    words = [VALUES[str(one.name)] for one in found.params if isinstance(one, click.Argument)]
    for one in found.params:
        if one.name in OPTIONS and isinstance(one, click.Option):
            words += [one.opts[0], OPTIONS[str(one.name)]]

    result = mlops(*path.split(), *words, "--profile", "nope")

    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit | ContractError), result.exception


@pytest.mark.parametrize("path", WITH_MODEL)
def test_a_model_may_be_named_by_its_folder(path: str) -> None:
    found, _ = _command(path.split())
    (model,) = (one for one in found.params if one.human_readable_name == "MODEL")

    assert model.process_value(click.Context(found), "bike_demand") == "bike-demand"


def test_a_registry_without_the_model_names_it(mlops: Callable[..., Result]) -> None:
    result = mlops("registry", "list", "bike_demand")

    assert "mlops-bike-demand: does not exist" in result.output
    assert "`mlops rehearse pipeline bike-demand`" in result.output
