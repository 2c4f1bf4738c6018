"""What is rehearsed is what stands in the folder, synthesized again where it must be."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlops.pipeline import SynthesisInputs
from mlops.rehearsal import freshness
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.freshness import (
    StaleError,
    current_assembly,
    described_assembly,
    warn_of_age,
)

ROOT = Path(__file__).resolve().parents[2]
MODEL = "bike-demand"
# Stands for the app: it says what it was asked for, and what it read.
APP = """
import json, os, sys
from pathlib import Path
from mlops.pipeline import recorded_inputs

root, out = Path(__file__).parent, Path(os.environ["CDK_OUTDIR"])
asked = json.loads(os.environ["CDK_CONTEXT_JSON"]).get
out.mkdir(parents=True, exist_ok=True)
with recorded_inputs(root, out, asked=asked):
    with (root / "syntheses").open("a") as log:
        log.write(f"{asked('model')}\\n")
    train = (root / "model_code" / "bike_demand" / "train.py").read_text()
    if "edit_this_meanwhile" in train:
        (root / "model_code" / "bike_demand" / "train.py").write_text("meanwhile")
    if "refuse_this" in train:
        sys.exit("the app refuses")
    (out / "made.txt").write_text(train)
"""


@dataclass(kw_only=True)
class Folder:
    """A repository whose app is quick."""

    root: Path
    said: list[str] = field(default_factory=list)

    @property
    def train(self) -> Path:
        return self.root / "model_code" / "bike_demand" / "train.py"

    @property
    def syntheses(self) -> int:
        """How often the app has run."""
        log = self.root / "syntheses"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def make_synth(self, **context: str) -> None:
        """What `make synth` does."""
        environment = os.environ | {
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_OUTDIR": str(self.root / "cdk.out"),
        }
        command = [sys.executable, str(self.root / "app.py")]
        subprocess.run(command, env=environment, check=True)

    def rehearsed(self, *, frozen: bool = False) -> str:
        """The content of `train.py` that a rehearsal would run."""
        with current_assembly(self.root, MODEL, frozen=frozen, say=self.said.append) as folder:
            return (folder / "made.txt").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "repository"
    model = "model_code/bike_demand"
    shutil.copytree(
        ROOT / model, root / model, ignore=shutil.ignore_patterns("__pycache__", "tests")
    )
    shutil.copytree(ROOT / "tests" / "sample" / "config", root / "config")
    (root / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "sdk.txt", root / "requirements")
    (root / "cdk.json").write_text('{"context": {}}')
    (root / "app.py").write_text(APP)
    return Folder(root=root)


def edit_gate(folder: Folder) -> None:
    contract = folder.root / "model_code" / "bike_demand" / "model.yaml"
    text = contract.read_text()
    assert "threshold: 0.9" in text
    contract.write_text(text.replace("threshold: 0.9", "threshold: 0.91", 1))


def test_what_was_synthesized_from_this_content_is_not_synthesized_again(folder: Folder) -> None:
    folder.make_synth()

    assert folder.rehearsed() == folder.train.read_text()
    assert folder.rehearsed() == folder.train.read_text()
    assert folder.syntheses == 1
    assert folder.said == []


def test_an_edited_script_is_what_is_rehearsed(folder: Folder) -> None:
    folder.make_synth()
    folder.train.write_text("edited")

    assert folder.rehearsed() == "edited"
    assert folder.syntheses == 2
    assert folder.said[0] == (
        "cdk.out is older than model_code/bike_demand/train.py; synthesizing bike-demand"
    )


def test_an_edit_is_synthesized_once(folder: Folder) -> None:
    folder.make_synth()
    folder.train.write_text("edited")
    folder.rehearsed()
    folder.said.clear()

    assert folder.rehearsed() == "edited"
    assert folder.syntheses == 2
    (line,) = folder.said
    assert line.endswith("train.py; rehearsing what was synthesized since")


def test_an_edit_that_is_taken_back_needs_no_synthesis(folder: Folder) -> None:
    before = folder.train.read_text()
    folder.make_synth()
    folder.train.write_text("edited")
    folder.rehearsed()
    folder.train.write_text(before)

    assert folder.rehearsed() == before
    assert folder.syntheses == 2


def test_only_the_model_that_is_rehearsed_is_synthesized(folder: Folder) -> None:
    folder.rehearsed()

    assert (folder.root / "syntheses").read_text() == "bike-demand\n"
    assert folder.said[0] == "cdk.out does not exist; synthesizing bike-demand"


def test_a_part_of_the_app_in_cdk_out_is_not_taken_for_the_whole(folder: Folder) -> None:
    folder.make_synth(stage="dev")

    folder.rehearsed()

    assert folder.said[0] == "cdk.out was synthesized for dev alone; synthesizing bike-demand"


def test_an_assembly_without_a_record_is_not_believed(folder: Folder) -> None:
    folder.make_synth()
    (folder.root / "cdk.out" / "inputs.json").unlink()

    folder.rehearsed()

    assert "does not say what it was made from" in folder.said[0]


def test_many_edits_are_summarized(folder: Folder) -> None:
    folder.make_synth()
    for number in range(6):
        (folder.train.parent / f"new_{number}.py").write_text("new")

    folder.rehearsed()

    assert "new_3.py and 2 more; " in folder.said[0]


def test_frozen_refuses_an_edit(folder: Folder) -> None:
    folder.make_synth()
    assert folder.rehearsed(frozen=True) == folder.train.read_text()
    folder.train.write_text("edited")

    with pytest.raises(StaleError, match=r"older than .*train\.py; remedy: run `make synth`"):
        folder.rehearsed(frozen=True)
    assert folder.syntheses == 1


def test_frozen_refuses_what_a_rehearsal_synthesized_for_itself(folder: Folder) -> None:
    folder.make_synth()
    folder.train.write_text("edited")
    folder.rehearsed()

    with pytest.raises(StaleError):
        folder.rehearsed(frozen=True)


def test_an_edited_gate_is_compiled_where_the_sdk_is_installed(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.make_synth()
    edit_gate(folder)
    compiled: list[str] = []
    monkeypatch.setattr(freshness, "has_sdk", lambda _: True)
    monkeypatch.setattr(freshness, "sdk_python", lambda _, say: Path("python"))
    monkeypatch.setattr(
        freshness, "compile_model", lambda root, spec, python: compiled.append(spec.gates[0])
    )

    folder.rehearsed()

    assert [gate.threshold for gate in compiled] == [0.91]
    assert folder.said[0].startswith("model_code/bike_demand/pipeline.json: compiled again")


def test_an_edited_gate_without_the_sdk_is_refused_with_the_command(folder: Folder) -> None:
    folder.make_synth()
    edit_gate(folder)

    with pytest.raises(RehearsalError) as refused:
        folder.rehearsed()

    assert "model_code/bike_demand/pipeline.json: is older than" in str(refused.value)
    assert "run `mlops pipeline compile bike-demand`" in str(refused.value)
    assert folder.syntheses == 1


def test_what_the_app_says_is_shown_and_nothing_is_left(folder: Folder) -> None:
    folder.train.write_text("refuse_this")

    with pytest.raises(RehearsalError, match=r"cannot be synthesized:\n  the app refuses"):
        folder.rehearsed()
    assert [path.name for path in assemblies(folder)] == []


def test_a_full_disk_during_the_synthesis_is_no_traceback(folder: Folder) -> None:
    full = "raise OSError(28, 'No space left on device')"
    (folder.root / "app.py").write_text(f"{APP}\n{full}\n")

    with pytest.raises(RehearsalError) as refused:
        folder.rehearsed()

    (line,) = str(refused.value).splitlines()
    assert "No space left on device; remedy: free some space" in line


def test_an_edit_during_the_synthesis_is_told_and_nothing_is_left(folder: Folder) -> None:
    folder.train.write_text("edit_this_meanwhile")

    with pytest.raises(RehearsalError, match="was edited while bike-demand was synthesized"):
        folder.rehearsed()
    assert [path.name for path in assemblies(folder)] == []
    assert folder.rehearsed() == "meanwhile"


def test_a_checkout_without_the_app_is_told_so(folder: Folder) -> None:
    (folder.root / "app.py").unlink()

    with pytest.raises(RehearsalError, match=r"has no app\.py"):
        folder.rehearsed()


def test_a_named_assembly_is_rehearsed_as_it_is_and_its_age_is_told(folder: Folder) -> None:
    folder.make_synth()
    assembly = folder.root / "cdk.out"
    say = folder.said.append
    described_assembly(folder.root, assembly, MODEL, frozen=True, say=say)
    assert folder.said == []
    folder.train.write_text("edited")

    described_assembly(folder.root, assembly, MODEL, frozen=False, say=say)

    assert "train.py; it is rehearsed as it is" in folder.said[0]
    with pytest.raises(StaleError):
        described_assembly(folder.root, assembly, MODEL, frozen=True, say=say)


def test_whoever_reads_the_whole_app_hears_of_its_age(folder: Folder) -> None:
    assembly = folder.root / "cdk.out"
    warn_of_age(folder.root, assembly, say=folder.said.append)
    folder.make_synth()
    warn_of_age(folder.root, assembly, say=folder.said.append)
    assert folder.said == []
    other = folder.root / "model_code" / "other"
    other.mkdir()
    (other / "model.yaml").write_text("")

    warn_of_age(folder.root, assembly, say=folder.said.append)
    folder.make_synth(model=MODEL)
    warn_of_age(folder.root, assembly, say=folder.said.append)

    assert folder.said == [
        (
            "mind: cdk.out is older than model_code/other/model.yaml, model_code/other; "
            "remedy: run `make synth`"
        ),
        "mind: cdk.out was synthesized for bike-demand alone; remedy: run `make synth`",
    ]


def test_a_synthesis_in_another_terminal_does_not_reach_a_running_rehearsal(
    folder: Folder,
) -> None:
    folder.make_synth()
    before = folder.train.read_text()

    with current_assembly(folder.root, MODEL, frozen=False, say=folder.said.append) as assembly:
        folder.train.write_text("edited")
        folder.make_synth()

        assert (assembly / "made.txt").read_text() == before


def test_a_copy_of_what_changes_meanwhile_is_not_used(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.make_synth()
    copytree = shutil.copytree

    def copied_late(source: Path, target: Path) -> None:
        # As if another synthesis had begun: it takes the record away first.
        (source / "inputs.json").unlink()
        (source / "made.txt").write_text("half")
        copytree(source, target)

    monkeypatch.setattr(freshness.shutil, "copytree", copied_late)

    assert folder.rehearsed() == folder.train.read_text()
    assert "cdk.out is being changed" in folder.said[0]


def test_two_rehearsals_at_once_synthesize_once(folder: Folder) -> None:
    with multiprocessing.get_context("fork").Pool(3) as pool:
        found = pool.map(rehearsed_at, [folder.root] * 3)

    assert found == [folder.train.read_text()] * 3
    assert folder.syntheses == 1


def rehearsed_at(root: Path) -> str:
    return Folder(root=root).rehearsed()


def test_old_assemblies_go_and_those_in_use_stay(folder: Folder) -> None:
    with current_assembly(folder.root, MODEL, frozen=False, say=folder.said.append) as used:
        for number in range(5):
            folder.train.write_text(f"edit = {number}")
            folder.rehearsed()
        kept = assemblies(folder)
        content = (used / "made.txt").read_text()

    assert used in kept
    assert len(kept) == 4
    assert content


def test_what_a_killed_rehearsal_left_half_made_goes_with_the_next(folder: Folder) -> None:
    home = folder.root / ".mlops" / "assemblies"
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, others = home / f".making-{ended.pid}-x", home / f".making-{os.getppid()}-x"
    for path in (left, others):
        (path / "cdk.out").mkdir(parents=True)

    folder.rehearsed()

    assert not left.exists()
    assert others.exists()


def assemblies(folder: Folder) -> list[Path]:
    home = folder.root / ".mlops" / "assemblies"
    return [path for path in home.iterdir() if not path.name.startswith(".")]


@pytest.mark.full
def test_the_real_app_takes_an_edit_into_the_archive_that_jobs_run(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    for name in ("constructs", "mlops", "stacks", "model_code/bike_demand"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copytree(ROOT / "tests" / "sample" / "config", root / "config")
    shutil.copytree(ROOT / "requirements", root / "requirements")
    for name in ("app.py", "cdk.json", "requirements.txt"):
        shutil.copy(ROOT / name, root)
    real = Folder(root=root)
    real.train.write_text(f"{real.train.read_text()}\nMARK = 'edited before the rehearsal'\n")

    with current_assembly(root, MODEL, frozen=False, say=real.said.append) as assembly:
        archives = [path.read_bytes() for path in assembly.rglob("asset.*.gz")]

        # Archives are stored, not compressed.
        assert any(b"edited before the rehearsal" in content for content in archives)
        assert SynthesisInputs.recorded(assembly) == SynthesisInputs.of(root, model=MODEL)
