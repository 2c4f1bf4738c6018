"""The repository's own models, as they are registered here, under their synthesized templates."""

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from mlops.rehearsal.canary import Wishes, rehearse_canary
from mlops.rehearsal.pipeline.rehearsal import rehearse_pipeline
from mlops.rehearsal.workspace import Workspace

Rehearsed = Callable[[Path, str, str], str]
FAULTS = pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ("none", "promoted"),
        ("5xx", "rolled back"),
        ("wrong-answers-stale-scaler", "rolled back"),
    ],
)


@pytest.fixture(scope="module")
def synthesized(
    run_app: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path, str], Path]:
    """The assembly of a repository, and a version of the model in the registry here."""
    made: dict[Path, Path] = {}

    def assembly(root: Path, model: str) -> Path:
        if root not in made:
            made[root] = tmp_path_factory.mktemp("assembly") / "cdk.out"
            finished = run_app(made[root], script=root / "app.py")
            assert finished.returncode == 0, finished.stderr
            if not list(Workspace.of(root).registry.glob(f"*{model}/[0-9]*.json")):
                rehearse_pipeline(
                    root, model, assembly=made[root], parameters={}, use_cache=True, approve=True,
                    console=_nowhere(),
                )  # fmt: skip
        return made[root]

    return assembly


@pytest.fixture(scope="module")
def rehearsed(synthesized: Callable[[Path, str], Path]) -> Rehearsed:
    """How the deployment of a model's newest version ended; slow or odd ones fail the test."""

    def ending(root: Path, model: str, fault: str) -> str:
        rehearsal = rehearse_canary(
            root, model, assembly=synthesized(root, model), wishes=Wishes(fault=fault),
            console=_nowhere(),
        )  # fmt: skip
        (result,) = rehearsal.deployments
        assert result.objections == ()
        return result.observed

    return ending


def _nowhere() -> Console:
    return Console(file=io.StringIO())


@pytest.mark.full
@FAULTS
def test_the_first_model_ends_as_expected(
    root: Path, rehearsed: Rehearsed, fault: str, ending: str
) -> None:
    assert rehearsed(root, "bike-demand", fault) == ending


@pytest.mark.full
@FAULTS
def test_a_further_model_ends_as_expected(
    further_root: Path, rehearsed: Rehearsed, fault: str, ending: str
) -> None:
    (folder,) = {path.name for path in (further_root / "model_code").iterdir()} - {"bike_demand"}

    assert rehearsed(further_root, folder.replace("_", "-"), fault) == ending
