import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops.cli import cli


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(cli, ["--help"])

    assert result.exit_code == 0
    for command in ("bootstrap-commands", "data", "generate", "pipeline", "registry", "rehearse"):
        assert command in result.output


def test_every_command_explains_itself() -> None:
    for command in ("bootstrap-commands", "data", "generate", "pipeline", "registry", "rehearse"):
        result = CliRunner().invoke(cli, [command, "--help"])

        assert result.exit_code == 0, result.output


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["deploy"]).exit_code == 2


def test_a_mistake_ends_with_its_problems_and_exit_code_2(repository: Path) -> None:
    contract = repository / "model_code/bike_demand/model.yaml"
    contract.write_text(contract.read_text().replace("owners:", "ownerz:"))

    done = _process("--root", str(repository), "validate")

    assert done.returncode == 2
    assert "model.yaml" in done.stderr
    assert "did you mean owners?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_ends_too_early_is_no_interrupt(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(*_: object, **__: object) -> None:
        raise EOFError

    monkeypatch.setattr("mlops.cli.validate.checked_platform", cut_short)

    result = CliRunner().invoke(cli, ["--root", str(repository), "validate"])

    assert result.exit_code == 1
    assert "ends before its content does" in result.output
    assert "Aborted" not in result.output


def test_the_root_is_found_from_a_folder_below_it(repository: Path) -> None:
    done = _process("validate", cwd=repository / "model_code" / "bike_demand")

    assert done.returncode == 0, done.stderr
    assert "bike-demand" in done.stdout


def test_validation_imports_neither_cdk_nor_an_aws_client() -> None:
    code = (
        "import sys, mlops.cli.validate; "
        "print([m for m in ('aws_cdk', 'boto3', 'botocore', 'rich') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def _process(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlops.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
