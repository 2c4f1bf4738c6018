"""A synthesis is told from the next by the content of what it reads, and by nothing else."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops.pipeline.synthesis_inputs import RECORD, SynthesisInputs, recorded_inputs

ROOT = Path(__file__).resolve().parents[2]
MODEL = "bike-demand"
FOLDER = "model_code/bike_demand"
COPIED = ("constructs", "mlops", "stacks", FOLDER)
ALONE = ("app.py", "cdk.json", "requirements.txt", "requirements/sdk.txt")
EDITS = (
    f"{FOLDER}/train.py",
    f"{FOLDER}/inference.py",
    f"{FOLDER}/model.yaml",
    f"{FOLDER}/pipeline.json",
    f"{FOLDER}/requirements.lock",
    f"{FOLDER}/data/hours.csv.gz",
    f"{FOLDER}/examples/spring-day.response.json",
    "app.py",
    "cdk.json",
    "config/releases.yaml",
    "config/stages.yaml",
    "constructs/mlops_constructs/serving/canary_endpoint.py",
    "constructs/mlops_handlers/rollout/prober.py",
    "mlops/contract/regions.json",
    "mlops/container/jobs/gates.py",
    "mlops/container/monitoring/drift.py",
    "mlops/pipeline/graph.py",
    "mlops/rollout/verdict.py",
    "mlops/container/serving/Dockerfile",
    "mlops/container/serving/model_server.py",
    "mlops/sheet.py",
    "requirements.txt",
    "requirements/sdk.txt",
    "stacks/stage.py",
)
ADDED = (
    f"{FOLDER}/new_feature.py",
    f"{FOLDER}/package/module.py",
    f"{FOLDER}/Dockerfile",
    "cdk.context.json",
    "constructs/mlops_constructs/new.py",
    "mlops/new_room/module.py",
    "stacks/new_stack.py",
)
UNREAD = (
    f"{FOLDER}/README.md",
    f"{FOLDER}/tests/test_new.py",
    f"{FOLDER}/__pycache__/train.cpython-311.pyc",
    f"{FOLDER}/.train.py.swp",
    "mlops/__pycache__/sheet.cpython-311.pyc",
    "mlops/rehearsal/new.py",
    "tests/test_new.py",
    "docs/new.md",
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository with the tests' configuration and the example model."""
    root = tmp_path_factory.mktemp("original")
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "sample" / "config", root / "config")
    for name in ALONE:
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def repository(original: Path) -> Iterator[Path]:
    """The same, put back after each test: a copy for each would cost half a second."""
    before = {path: path.read_bytes() for path in original.rglob("*") if path.is_file()}
    yield original
    for path in sorted(original.rglob("*"), reverse=True):
        if path.is_symlink() or (path.is_file() and path not in before):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def changed(root: Path, before: SynthesisInputs) -> tuple[str, ...]:
    now = SynthesisInputs.of(root)
    found = before.differences(now, model=MODEL)
    assert (before.digest(MODEL) == now.digest(MODEL)) is (not found)
    return found


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_every_kind_of_input_is_noticed(repository: Path, name: str) -> None:
    before, path = SynthesisInputs.of(repository), repository / name
    stat = path.stat()

    path.write_bytes(path.read_bytes()[:-1] + b"~")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert changed(repository, before) == (name,)


@pytest.mark.parametrize("name", ADDED)
def test_a_new_file_is_noticed_and_so_is_its_removal(repository: Path, name: str) -> None:
    before = SynthesisInputs.of(repository)

    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text("new")
    after = SynthesisInputs.of(repository)

    assert changed(repository, before) == (name,)
    (repository / name).unlink()
    assert changed(repository, after) == (name,)


@pytest.mark.parametrize("name", UNREAD)
def test_what_no_synthesis_reads_changes_nothing(repository: Path, name: str) -> None:
    before = SynthesisInputs.of(repository)

    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text("new")

    assert changed(repository, before) == ()


def test_touching_every_file_changes_nothing(repository: Path) -> None:
    before = SynthesisInputs.of(repository)

    for path in repository.rglob("*"):
        path.touch()

    assert changed(repository, before) == ()


def test_another_models_edit_is_not_this_ones(repository: Path) -> None:
    other = repository / "model_code" / "other_model"
    other.mkdir()
    (other / "model.yaml").write_text("")
    (other / "train.py").write_text("old")
    before = SynthesisInputs.of(repository)

    (other / "train.py").write_text("new")

    now = SynthesisInputs.of(repository)
    assert changed(repository, before) == ()
    assert before.differences(now, model="other-model") == ("model_code/other_model/train.py",)
    assert before.differences(now) == ("model_code/other_model/train.py",)


def test_another_model_changes_what_a_stage_shares(repository: Path) -> None:
    before = SynthesisInputs.of(repository)

    other = repository / "model_code" / "other_model"
    other.mkdir()
    assert changed(repository, before) == ()
    (other / "model.yaml").write_text("")

    assert changed(repository, before) == ("model_code/other_model",)


def test_another_version_of_cdk_is_noticed(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = SynthesisInputs.of(repository)
    installed = {"aws-cdk-lib": "3.0.0"}
    monkeypatch.setattr(
        "mlops.pipeline.synthesis_inputs.version",
        lambda name: installed.get(name, before.libraries[name]),
    )

    assert changed(repository, before) == ("aws-cdk-lib 3.0.0",)


def test_a_link_that_leads_back_is_read_once(repository: Path) -> None:
    (repository / FOLDER / "loop").symlink_to(repository / FOLDER)

    names = SynthesisInputs.of(repository).files

    assert f"{FOLDER}/train.py" in names
    assert not [name for name in names if "loop/" in name]


def nothing(_: str) -> None:
    return None


def test_an_assembly_keeps_what_it_was_made_from(repository: Path, tmp_path: Path) -> None:
    with recorded_inputs(repository, tmp_path, asked={"stage": "dev"}.get):
        pass

    recorded = SynthesisInputs.recorded(tmp_path)

    assert recorded == SynthesisInputs.of(repository, stage="dev")
    assert recorded is not None
    assert not recorded.covers(MODEL)


def test_a_failed_synthesis_leaves_no_record(repository: Path, tmp_path: Path) -> None:
    with recorded_inputs(repository, tmp_path, asked=nothing):
        pass

    with pytest.raises(ZeroDivisionError), recorded_inputs(repository, tmp_path, asked=nothing):
        _ = 1 / 0

    assert SynthesisInputs.recorded(tmp_path) is None


def test_an_edit_during_a_synthesis_leaves_no_record(repository: Path, tmp_path: Path) -> None:
    with recorded_inputs(repository, tmp_path, asked=nothing):
        (repository / FOLDER / "train.py").write_text("edited")

    assert SynthesisInputs.recorded(tmp_path) is None


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "{}", '{"models": 1}', json.dumps({"models": [], "more": 1})]
)
def test_an_unreadable_record_is_none(tmp_path: Path, broken: str) -> None:
    (tmp_path / RECORD).write_text(broken)

    assert SynthesisInputs.recorded(tmp_path) is None


@pytest.mark.parametrize(
    ("model", "stage", "covered"),
    [(None, None, True), (MODEL, None, True), ("other", None, False), (None, "dev", False)],
)
def test_a_part_of_the_app_covers_what_was_asked_for(
    repository: Path, model: str | None, stage: str | None, covered: bool
) -> None:
    assert SynthesisInputs.of(repository, model=model, stage=stage).covers(MODEL) is covered
