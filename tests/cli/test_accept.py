import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from mlops.accept.assumptions import ASSUMPTIONS
from mlops.aws_api.stand_in import RefusedError, answer_calls
from mlops.cli import cli
from mlops.cli.access import Access

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(root: Path, assembly: Path) -> Invoke:
    def run(*arguments: str) -> Result:
        options = ["--root", str(root), "accept", "--assembly", str(assembly), *arguments]
        return CliRunner().invoke(cli, options)

    return run


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An account in which nothing is deployed and whoever asks may only look for stacks."""
    asked: list[str] = []

    def answer(operation: str, request: Any) -> dict[str, Any]:
        asked.append(operation)
        if operation == "ListStackResources":
            raise RefusedError("ValidationError", f"Stack {request['StackName']} does not exist")
        raise RefusedError("AccessDeniedException", f"not authorized to {operation}")

    def clients(*_: Any) -> Callable[[str], Any]:
        return lambda service: answer_calls(boto3.client(service, region_name="eu-west-1"), answer)

    monkeypatch.setattr(Access, "own", clients)
    monkeypatch.setattr(Access, "repositories", clients)
    return asked


def test_without_run_the_plan_is_printed_and_nobody_is_asked(
    invoke: Invoke, nobody: list[str]
) -> None:
    result = invoke("--stage", "dev")

    assert (result.exit_code, nobody) == (0, [])
    for one in ASSUMPTIONS:
        planned = one.probe is not None and one.id != "caller-errors"
        assert (f"{one.id}: {one.claim}" in result.stdout) is planned
    assert "iam:CreateRole in stage, undone by DeleteRole" in result.stdout
    assert result.stdout.splitlines()[-1].endswith("nothing was sent: add --run")


def test_what_disturbs_an_endpoint_is_asked_only_where_it_is_named(invoke: Invoke) -> None:
    plan = invoke("--stage", "dev", "--only", "caller-errors").stdout

    assert "one malformed request to mlops-dev-bike-demand, which its alarms see" in plan
    assert "sagemaker-runtime:InvokeEndpoint" in plan


def test_the_plan_names_its_cost(invoke: Invoke) -> None:
    last = invoke("--stage", "dev").stdout.splitlines()[-1]
    free = invoke("--stage", "dev", "--only", "connection").stdout.splitlines()[-1]

    assert "cost: one ml.t3.medium for 10 minutes at most, about 0.01 USD" in last
    assert "1 requests, 0 of them make something that is removed again; cost: nothing" in free


def test_a_run_without_access_leaves_every_assumption_open(
    invoke: Invoke, nobody: list[str]
) -> None:
    result = invoke("--stage", "dev", "--run", "--json")

    found = json.loads(result.stdout)
    states = {one["assumption"]: (one["status"], one["detail"]) for one in found["probes"]}
    assert (result.exit_code, found["ran"], found["failed"]) == (1, True, True)
    assert {status for status, _ in states.values()} == {"open"}
    assert states["connection"][1].startswith("no access: AccessDeniedException")
    assert states["job-start"][1].startswith("not deployed yet: ")
    # What may have been made and cannot be removed is no success.
    assert any(one["left"] for one in found["probes"])


def test_a_report_is_a_page_and_data(invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "report"

    result = invoke("--stage", "prod", "--report", str(folder))

    assert result.exit_code == 0
    assert json.loads((folder / "acceptance.json").read_text())["stage"] == "prod"
    page = (folder / "index.html").read_text()
    assert [one.id for one in ASSUMPTIONS if one.id not in page] == ["caller-errors"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--stage", "qa"), "there is no stage 'qa'; allowed: dev, staging, prod"),
        (("--stage", "dev", "--only", "luck"), "'luck' is not one of 'condition-keys'"),
        ((), "Missing option '--stage'"),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(
    arguments: tuple[str, ...], said: str, invoke: Invoke
) -> None:
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_without_a_synthesis_the_remedy_is_named(root: Path, tmp_path: Path) -> None:
    options = ["--root", str(root), "accept", "--stage", "dev", "--assembly", str(tmp_path)]

    result = CliRunner().invoke(cli, options)

    assert result.exit_code == 2
    assert "run `make synth` first" in result.stderr
