"""The repository's own model, as it is registered here, under its own synthesized template."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from mlops.rehearsal.canary import Wishes, rehearse_canary
from mlops.rehearsal.pipeline_run import rehearse_pipeline
from mlops.rehearsal.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
MODEL = "bike-demand"


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npx = shutil.which("npx")
    assert npx, "node is needed to synthesize"
    folder = tmp_path_factory.mktemp("assembly") / "cdk.out"
    command = [npx, "--no-install", "cdk", "synth", "--quiet", "--no-notices", "--no-lookups"]
    subprocess.run([*command, "-o", str(folder)], cwd=ROOT, check=True, capture_output=True)
    if not list(Workspace.of(ROOT).registry.glob(f"*{MODEL}/[0-9]*.json")):
        rehearse_pipeline(
            ROOT, MODEL, assembly=folder, parameters={}, use_cache=True, approve=True,
            console=Console(file=io.StringIO()),
        )  # fmt: skip
    return folder


@pytest.mark.full
@pytest.mark.parametrize(("fault", "ending"), [("none", "promoted"), ("5xx", "rolled back")])
def test_the_real_model_ends_as_expected_in_less_than_half_a_minute(
    assembly: Path, fault: str, ending: str
) -> None:
    rehearsal = rehearse_canary(
        ROOT,
        MODEL,
        assembly=assembly,
        wishes=Wishes(fault=fault),
        console=Console(file=io.StringIO()),
    )
    (result,) = rehearsal.deployments

    assert (result.observed, result.objections) == (ending, ())
    assert result.pace.seconds < 30
