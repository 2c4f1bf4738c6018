"""What the command asks beside the contract: the compiled definitions."""

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from mlops.cli import cli
from mlops.contract import ContractError

Mlops = Callable[..., Result]
DEFINITION = Path("model_code") / "bike_demand" / "pipeline.json"


def _problems(result: Result) -> str:
    assert isinstance(result.exception, ContractError)
    return str(result.exception)


def test_a_valid_platform_is_told_in_a_line(mlops: Mlops) -> None:
    assert mlops("validate").output == "valid: bike-demand in dev, staging, prod\n"


def test_a_model_without_its_definition_is_refused(mlops: Mlops, repository: Path) -> None:
    (repository / DEFINITION).unlink()

    found = _problems(mlops("validate"))

    assert f"{DEFINITION}: cannot be read" in found
    assert "remedy: run mlops pipeline compile bike-demand" in found


def test_a_definition_older_than_its_contract_is_refused(mlops: Mlops, repository: Path) -> None:
    contract = repository / "model_code/bike_demand/model.yaml"
    contract.write_text(contract.read_text().replace("threshold: 0.9,", "threshold: 0.91,"))

    assert "is older than what it is compiled from: graph" in _problems(mlops("validate"))


def test_a_checkout_without_the_sdks_lock_is_told_in_a_sentence(
    mlops: Mlops, repository: Path
) -> None:
    (repository / "requirements").unlink()

    assert "requirements/sdk.txt: cannot be read" in _problems(mlops("validate"))


def test_a_warning_is_printed_and_refuses_nothing(repository: Path) -> None:
    contract = repository / "model_code/bike_demand/model.yaml"
    text = contract.read_text()
    old = "  latency_p99_ms: 200\n"
    contract.write_text(text.replace(old, old + "  canary: {alarms: {latency_p99_ms: 50000}}\n"))

    result = CliRunner().invoke(cli, ["--root", str(repository), "validate"])

    assert result.exit_code == 0
    assert "1 warning:" in result.stderr
    assert "looser than the objective" in result.stderr
    assert result.stdout.startswith("valid: ")
