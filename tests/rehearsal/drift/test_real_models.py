"""The repository's own models replayed: one whose world changes, and one whose world does not."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from mlops.rehearsal.drift import DriftRehearsal, Wishes, rehearse_drift

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npx = shutil.which("npx")
    assert npx, "node is needed to synthesize"
    folder = tmp_path_factory.mktemp("assembly") / "cdk.out"
    command = [npx, "--no-install", "cdk", "synth", "--quiet", "--no-notices", "--no-lookups"]
    subprocess.run([*command, "-o", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def replayed(assembly: Path, model: str, wishes: Wishes) -> DriftRehearsal:
    console = Console(file=io.StringIO())
    return rehearse_drift(ROOT, model, assembly=assembly, wishes=wishes, console=console)


@pytest.mark.full
def test_demand_that_grew_is_noticed_answered_and_answered_better(assembly: Path) -> None:
    rehearsal = replayed(assembly, "bike-demand", Wishes(periods=2))
    first, second = rehearsal.periods

    assert rehearsal.as_expected, rehearsal.objections
    assert "drift" in first.red
    assert [training.canary for training in first.trainings] == ["promoted"]
    assert second.version > first.version
    assert second.error < second.frozen_error
    assert (rehearsal.report / "index.html").exists()
    assert (rehearsal.report / first.page).exists()


@pytest.mark.full
def test_people_whose_work_did_not_change_are_left_alone(assembly: Path) -> None:
    rehearsal = replayed(assembly, "employment", Wishes(periods=1))

    assert [period.red for period in rehearsal.periods] == [()]
    assert rehearsal.trainings == []


@pytest.mark.nightly
@pytest.mark.parametrize("fault", ["no-capture", "flapping-alarm"])
def test_a_fault_comes_to_what_the_committed_file_says(assembly: Path, fault: str) -> None:
    rehearsal = replayed(assembly, "bike-demand", Wishes(fault=fault))

    assert rehearsal.objections == ()
