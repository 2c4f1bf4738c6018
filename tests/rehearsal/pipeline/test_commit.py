import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.rehearsal.local_aws.assembly import SynthesizedPipeline
from mlops.rehearsal.local_aws.intrinsics import Place
from mlops.rehearsal.pipeline.commit import commit_of, with_commit

ROOT = Path(__file__).resolve().parents[3]
IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.com")


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *IDENTITY, *arguments], check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("train\n")
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def change(root: Path) -> None:
    (root / "train.py").write_text("changed\n")


def stage(root: Path) -> None:
    change(root)
    git(root, "add", ".")


def delete(root: Path) -> None:
    (root / "train.py").unlink()


def new_file(root: Path) -> None:
    (root / "features.py").write_text("new\n")


def new_model(root: Path) -> None:
    (root / "model_code" / "churn").mkdir(parents=True)
    (root / "model_code" / "churn" / "model.yaml").write_text("new\n")


def new_model_that_the_persons_git_hides(root: Path) -> None:
    git(root, "config", "status.showUntrackedFiles", "no")
    new_model(root)


@pytest.mark.parametrize(
    "edit",
    [change, stage, delete, new_file, new_model, new_model_that_the_persons_git_hides],
    ids=lambda edit: edit.__name__,
)
def test_whatever_differs_from_the_commit_marks_it(
    repository: Path, edit: Callable[[Path], None]
) -> None:
    clean = commit_of(repository)
    edit(repository)

    assert len(clean) == 40
    assert commit_of(repository) == f"{clean}-dirty"


@pytest.mark.parametrize("name", [".venv", ".envs", ".mlops", "node_modules", "cdk.out"])
@pytest.mark.parametrize("linked", [False, True], ids=["folder", "link"])
def test_what_git_ignores_does_not_count(repository: Path, name: str, *, linked: bool) -> None:
    clean = commit_of(repository)
    elsewhere = repository.parent / f"{repository.name}-{name}"
    elsewhere.mkdir()
    place = repository / name
    if linked:
        place.symlink_to(elsewhere)
    else:
        place.mkdir()
        (place / "anything").write_text("made here")

    assert commit_of(repository) == clean


def test_what_lies_beside_the_project_does_not_count(repository: Path) -> None:
    project = repository / "project"
    project.mkdir()
    (project / "app.py").write_text("app\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "y")
    clean = commit_of(project)
    new_file(repository)

    assert commit_of(project) == clean


def test_without_git_the_commit_is_unrecorded(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == "unrecorded"


@pytest.mark.parametrize(("written", "recorded"), [("unknown", "unrecorded"), ("c0ffee", "c0ffee")])
def test_a_synthesis_that_was_not_told_its_commit_gets_the_checkouts(
    tmp_path: Path, written: str, recorded: str
) -> None:
    arguments = {"CustomerMetadataProperties": {"commit": written}}
    pipeline = SynthesizedPipeline(
        name="p",
        definition={"Steps": [{"Name": "R", "Type": "RegisterModel", "Arguments": arguments}]},
        place=Place(account="1", region="r", stack="s"),
    )

    (step,) = with_commit(pipeline, tmp_path).definition["Steps"]

    assert step["Arguments"]["CustomerMetadataProperties"] == {"commit": recorded}
    assert arguments == {"CustomerMetadataProperties": {"commit": written}}
