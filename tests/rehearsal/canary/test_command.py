"""The command as a person types it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlops.cli import cli
from mlops.rehearsal.local_aws.environment import ModelEnvironment


@pytest.fixture
def typed(site: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in the site; this interpreter stands for the model's environment."""
    monkeypatch.setattr(ModelEnvironment, "ensure", lambda *_: Path(sys.executable))

    def run(*arguments: str) -> Result:
        assembly = ["--assembly", str(site.assembly())]
        given = ["--root", str(site.root), "rehearse", "canary", "tiny", *assembly, *arguments]
        return CliRunner().invoke(cli, given)

    return run


def test_a_rehearsal_ends_with_a_table_and_the_path_of_its_page(typed) -> None:
    result = typed("--fault", "alarm-red", "--scale", "150", "--seed", "4")

    assert result.exit_code == 0, result.output
    assert "rolled back" in result.output
    assert "server-errors" in result.output
    assert "index.html" in result.output


def test_what_is_not_as_expected_ends_with_an_error(site, typed, monkeypatch) -> None:
    monkeypatch.setattr("mlops.rehearsal.canary.machine.LAG_LIMIT_MS", 0.0)

    result = typed("--fault", "alarm-red", "--scale", "150")

    assert result.exit_code == 1
    assert "invalid instead of rolled back" in result.output


def test_a_broken_rule_is_told_without_a_traceback(site, typed) -> None:
    site.routing["CanarySize"]["Value"] = 90

    result = typed()

    assert result.exit_code == 1
    assert "SageMaker refuses this share" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_fault_is_refused_with_the_list(typed) -> None:
    result = typed("--fault", "flood")

    assert result.exit_code == 2
    assert "sick-blue" in result.output
