"""Every command that is read has a form for programs, and prints what its schema says."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from mlops.checks.build import Build
from mlops.checks.result import Question, failed, passed
from mlops.checks.result import Result as Answer
from mlops.cli import check as check_command
from mlops.cli import cli
from mlops.cli.output import OUTPUTS, finite, output_schemas
from mlops.contract import load_platform
from mlops.registry import local_client

ROOT = Path(__file__).resolve().parents[2]
Mlops = Callable[..., Result]

# Commands that act, print one value, or write files of their own; none prints a table.
WITHOUT_A_TABLE = {
    "bootstrap-commands", "bootstrap-policy", "data publish", "data record", "generate",
    "pipeline base-image", "pipeline compile", "pipeline image", "registry approve",
    "registry reject", "release pin", "release promote", "release rollback", "release unpin",
}  # fmt: skip
# Rehearsals run for minutes and leave a report, whose path is their last line.
REHEARSALS = "rehearse "
# Its form is its own: docs/operate/acceptance.md.
ACCEPTANCE = "accept"
COMMANDS = {
    "canary plan": ["canary", "plan", "bike-demand", "--stage", "prod"],
    "check after": ["check", "after", "dev"],
    "check before": ["check", "before", "dev"],
    "pipeline check": ["pipeline", "check", "bike-demand"],
    "registry list": ["registry", "list", "bike-demand"],
    "registry show": ["registry", "show", "bike-demand", "1"],
    "release automate": ["release", "automate", "--target", "local", "--dry-run"],
    "release history": ["release", "history", "bike-demand"],
    "release status": ["release", "status", "--target", "local"],
    "validate": ["validate"],
}


def _leaves(group: click.Group, words: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _leaves(command, f"{words}{name} ")
        else:
            yield f"{words}{name}", command


@pytest.fixture
def prepared(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit, two registered versions, and checks that answer."""
    for command in (
        ["init", "-q", "-b", "main"], ["add", "config", "model_code"],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "First"],
        ["clone", "-q", "--bare", ".", ".mlops/origin.git"],
        ["remote", "add", "origin", ".mlops/origin.git"],
    ):  # fmt: skip
        subprocess.run(["git", *command], cwd=repository, check=True)
    platform = load_platform(repository)
    stage, group = platform.stages.training, platform.names.model_package_group("bike-demand")
    client = local_client(
        repository / ".mlops" / "registry", account=stage.account, region=stage.region
    )
    client.create_model_package_group(ModelPackageGroupName=group)
    for status in ("Approved", "PendingManualApproval"):
        client.create_model_package(ModelPackageGroupName=group, ModelApprovalStatus=status)

    def answers(*_: Any, **__: Any) -> Iterator[Answer]:
        question = Question(check="before", subject="bike-demand", name="image")
        yield Answer(question=question, finding=passed("there"), seconds=0.25)

    monkeypatch.setattr(check_command, "deployment_of", lambda *_: None)
    monkeypatch.setattr(check_command, "before", answers)
    monkeypatch.setattr(check_command.Access, "starting", lambda *_: lambda: None)
    build = Build(status="SUCCEEDED", reason="all passed")
    monkeypatch.setattr(check_command, "run", lambda *_, **__: build)
    return repository


def test_every_command_that_prints_a_table_has_a_form_for_programs() -> None:
    leaves = dict(_leaves(cli))
    with_json = {
        name
        for name, command in leaves.items()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    others = {name for name in leaves if not name.startswith(REHEARSALS)} - with_json

    assert others == WITHOUT_A_TABLE
    assert with_json - {ACCEPTANCE} == set(OUTPUTS) == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_commands_output_is_one_document_of_its_committed_schema(
    prepared: Path, command: str
) -> None:
    name = f"{command.replace(' ', '-')}.schema.json"
    schema = json.loads((ROOT / "docs/schema/output" / name).read_text())

    result = _run(prepared, *COMMANDS[command], "--json")

    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    Draft202012Validator(schema).validate(document)
    assert document != {}


@pytest.mark.parametrize("name", sorted(output_schemas()))
def test_a_schema_refuses_what_the_command_never_prints(name: str) -> None:
    schema = json.loads((ROOT / "docs" / "schema" / name).read_text())
    Draft202012Validator.check_schema(schema)

    assert not Draft202012Validator(schema).is_valid({})
    assert schema["additionalProperties"] is False


def test_refused_files_are_a_document_too(prepared: Path) -> None:
    contract = prepared / "model_code/bike_demand/model.yaml"
    contract.write_text(contract.read_text().replace("owners:", "ownerz:"))

    result = _run(prepared, "validate", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert document["valid"] is False
    assert {problem["key"] for problem in document["problems"]} == {"owners", "ownerz"}
    assert {problem["line"] for problem in document["problems"]} != {None}


def test_failed_checks_and_findings_fail_the_command_and_are_told_in_the_document(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(check="before", subject="dev", name="quota")
    answer = Answer(question=question, finding=failed("too few"))
    monkeypatch.setattr(check_command, "before", lambda *_, **__: [answer])

    result = _run(prepared, "check", "before", "dev", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["passed"] is False
    assert [one["status"] for one in document["results"]] == ["failed"]
    assert "too few" in result.stderr


def test_a_stage_that_asks_for_no_checks_says_so_in_the_document(prepared: Path) -> None:
    (prepared / "config/releases.yaml").write_text("releases: {}\n")

    document = json.loads(_run(prepared, "check", "after", "dev", "--json").stdout)

    assert document["passed"] is True
    assert "nothing is released" in document["note"]


def test_the_registry_is_the_same_in_both_forms(prepared: Path) -> None:
    document = json.loads(_run(prepared, "registry", "list", "bike-demand", "--json").stdout)
    status = json.loads(_run(prepared, *COMMANDS["release status"], "--json").stdout)

    assert [one["version"] for one in document["versions"]] == [2, 1]
    (model,) = status["models"]
    assert {(one["approved"], one["newest"]) for one in model["stages"]} == {(1, 2)}


def test_a_number_without_end_is_none() -> None:
    assert [finite(value) for value in (1.5, float("inf"), float("nan"))] == [1.5, None, None]


def _run(repository: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(repository), *arguments])
