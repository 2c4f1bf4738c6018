from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Mlops = Callable[..., Result]


def test_without_an_assembly_the_folder_must_have_the_app(mlops: Mlops, repository: Path) -> None:
    result = mlops("rehearse", "pipeline", "bike-demand")

    assert result.exit_code == 1
    assert f"{repository}: has no app.py" in result.output


@pytest.mark.parametrize("command", ["pipeline", "canary", "drift", "batch"])
def test_frozen_synthesizes_nothing(mlops: Mlops, command: str) -> None:
    result = mlops("rehearse", command, "bike-demand", "--frozen")

    assert result.exit_code == 1
    assert "cdk.out does not exist; remedy: run `make synth`" in result.output


@pytest.mark.parametrize("command", ["pipeline", "canary", "drift", "batch"])
def test_a_named_assembly_of_other_content_is_told(
    mlops: Mlops, assembly: Path, repository: Path, command: str
) -> None:
    # The copy has no app and no platform, so the assembly is of other content.
    result = mlops("rehearse", command, "bike-demand", "--assembly", str(assembly), "--frozen")

    assert result.exit_code == 1
    assert f"{assembly.name} is older than app.py" in result.output


def test_an_unknown_parameter_is_refused_before_anything_runs(
    mlops: Mlops, assembly: Path, repository: Path
) -> None:
    result = mlops(
        "rehearse", "pipeline", "bike-demand", "--assembly", str(assembly), "-p", "Deepth=2"
    )

    assert result.exit_code == 1
    assert "Deepth: the pipeline has no such parameter" in result.output
    assert not (repository / ".mlops" / "executions").exists()


def test_a_parameter_is_written_as_name_and_value(mlops: Mlops) -> None:
    result = mlops("rehearse", "pipeline", "bike-demand", "-p", "MaxDepth")

    assert result.exit_code == 2
    assert "NAME=VALUE" in result.output


def test_a_delivery_is_rehearsed_in_a_git_checkout(mlops: Mlops) -> None:
    result = mlops("rehearse", "delivery", "bike-demand")

    assert result.exit_code == 1
    assert "a git checkout with at least one commit" in result.output
