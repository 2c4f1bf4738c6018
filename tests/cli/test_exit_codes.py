"""One meaning for each exit code, whichever command ends with it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError
from click.testing import CliRunner, Result

from mlops.cli import cli
from mlops.cli.no_access import _REFUSED, NO_ACCESS, is_no_access

ROOT = Path(__file__).resolve().parents[2]
Mlops = Callable[..., Result]
MODEL = "bike-demand"

# A call of each command that asks AWS, all of whose options are right.
CALLS = {
    "accept": ("--stage", "dev", "--run"),
    "check after": ("dev",),
    "check before": ("dev",),
    "data publish": (MODEL,),
    "registry approve": (MODEL, "1", "--target", "aws", "--reason", "good"),
    "registry list": (MODEL, "--target", "aws"),
    "registry reject": (MODEL, "1", "--target", "aws", "--reason", "bad"),
    "registry show": (MODEL, "1", "--target", "aws"),
    "release automate": ("--target", "aws"),
    "release pin": (MODEL, "dev", "2", "--target", "aws"),
    "release promote": (MODEL, "--to", "staging", "--target", "aws"),
    "release rollback": (MODEL, "dev", "--target", "aws"),
    "release status": (MODEL, "--target", "aws"),
}


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _commands(found, (*path, name))
        elif found and any("--profile" in one.opts for one in found.params):
            yield " ".join((*path, name))


def test_every_command_that_takes_a_profile_is_called_here() -> None:
    assert set(_commands(cli)) == set(CALLS)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No source of credentials is left; the machine's own was switched off for all tests."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.fixture
def versions(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commits of the copy that pin a version each, so that there is a way back."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")
    pins = repository / "config" / "releases.yaml"
    for number in (1, 2):
        pins.write_text(f"releases:\n  {MODEL}: {{dev: {number}, staging: 1}}\n")
        for words in (("init", "-q"), ("add", "config"), ("commit", "-q", "-m", f"Pin {number}")):
            subprocess.run(["git", "-C", str(repository), *words], check=True)
    subprocess.run(["git", "-C", str(repository), "remote", "add", "origin", "."], check=True)


@pytest.mark.usefixtures("nobody", "versions")
@pytest.mark.parametrize("command", sorted(CALLS))
def test_without_credentials_a_command_ends_with_the_code_for_that(
    command: str, mlops: Mlops, request: pytest.FixtureRequest
) -> None:
    words = [*command.split(), *CALLS[command]]
    if command == "accept":
        words += ["--assembly", str(request.getfixturevalue("assembly"))]

    result = mlops(*words)

    assert result.exit_code == NO_ACCESS, result.output
    assert "Unable to locate credentials" in result.output
    assert "Usage:" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("nobody", "versions")
def test_a_status_without_credentials_still_says_what_git_says(mlops: Mlops) -> None:
    asked = mlops("release", "status", MODEL, "--target", "aws", "--json")
    alone = mlops("release", "status", MODEL, "--json")

    assert (asked.exit_code, alone.exit_code) == (NO_ACCESS, 0)
    pinned = [line for line in alone.stdout.splitlines() if '"pinned"' in line]
    assert len(pinned) == 3
    assert [line for line in asked.stdout.splitlines() if '"pinned"' in line] == pinned


@pytest.mark.parametrize("code", [*_REFUSED, "ExpiredTokenException", "AccessDeniedException"])
def test_a_refusal_of_who_asks_is_no_access_however_it_is_told(code: str) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeEndpoint")
    told = click.ClickException("told")
    told.__cause__ = refused

    assert is_no_access(told)


def test_an_answer_about_what_was_asked_is_access() -> None:
    missing = ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "X")

    assert not is_no_access(missing)
    assert not is_no_access(ParamValidationError(report="wrong"))
    assert not is_no_access(click.ClickException("told"))
    assert is_no_access(NoCredentialsError())


def test_the_codes_are_documented_once_each() -> None:
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text("utf-8")
    table = text.partition("| exit code | meaning |")[2].partition("\n\n")[0]

    codes = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert codes == ["0", "1", "2", str(NO_ACCESS), "130"]


def test_no_command_documents_a_code_that_the_table_lacks() -> None:
    result = CliRunner().invoke(cli, ["release", "status", "--help"])

    assert f"The exit code is {NO_ACCESS}" in " ".join(result.output.split())
