"""What the machine or an editor broke ends a command with a sentence, whichever file it is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.cli import main
from mlops.contract import load_platform
from mlops.registry import SageMakerClient, local_client
from mlops.release.errors import ReleaseError
from mlops.release.status.records import Recorded, RecordFiles

MODEL = "bike-demand"
GROUP = "mlops-bike-demand"
EVALUATION = "s3://bucket/evaluation.json"
COMMANDS = (
    ("registry", "list", MODEL),
    ("registry", "show", MODEL, "1"),
    ("registry", "show", MODEL, "2"),
    ("registry", "approve", MODEL, "1", "--reason", "good"),
    ("registry", "reject", MODEL, "2", "--reason", "bad"),
    ("release", "status", MODEL, "--target", "local"),
    ("release", "pin", MODEL, "dev", "1", "--target", "local"),
)
Breaks = Callable[[Path], object]


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BREAKS: dict[str, Breaks] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "binary": lambda path: path.write_bytes(b"\xff\x00\xfe" * 40),
    "nested": lambda path: path.write_text("[" * 100_000),
    "a list": lambda path: path.write_text("[]"),
    "no keys": lambda path: path.write_text("{}"),
    "other types": lambda path: path.write_text(
        json.dumps({key: [] for key in json.loads(path.read_text())})
    ),
    "gone": lambda path: path.unlink(),
    "a folder": replaced_by_a_folder,
}


def registry_of(repository: Path) -> SageMakerClient:
    stage = load_platform(repository, model=MODEL).stages.training
    folder = repository / ".mlops" / "registry"
    return local_client(folder, account=stage.account, region=stage.region)


@pytest.fixture
def state(repository: Path) -> Path:
    """The local state of a repository with two versions and the metrics of both."""
    client = registry_of(repository)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    for _ in range(2):
        client.create_model_package(
            ModelPackageGroupName=GROUP,
            ModelMetrics={
                "ModelQuality": {
                    "Statistics": {"ContentType": "application/json", "S3Uri": EVALUATION}
                }
            },
        )
    evaluation = repository / ".mlops" / "s3" / "bucket" / "evaluation.json"
    evaluation.parent.mkdir(parents=True)
    evaluation.write_text(json.dumps({"metrics": {"r2": {"value": 0.9}}}))
    return repository / ".mlops"


def ended(monkeypatch: pytest.MonkeyPatch, root: Path, *arguments: str) -> int:
    """The exit code of a command; anything but an exit would be a traceback."""
    monkeypatch.setattr(sys, "argv", ["mlops", "--root", str(root), *arguments])
    try:
        main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


@pytest.mark.parametrize("name", BREAKS)
def test_no_broken_file_of_the_local_state_ends_in_a_traceback(
    name: str,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = [path for path in sorted(state.rglob("*")) if path.suffix == ".json"]
    assert len(files) == 4
    whole = state.with_name("whole")
    shutil.copytree(state, whole)
    for file in files:
        for command in COMMANDS:
            BREAKS[name](file)

            code = ended(monkeypatch, state.parent, *command)

            said = capsys.readouterr()
            assert code in (0, 1, 2), (file, command)
            assert code == 0 or "remedy" in said.err or "does not exist" in said.err, said.err
            shutil.rmtree(state)
            shutil.copytree(whole, state)


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize(
    "command",
    [("registry", "list", MODEL), ("registry", "approve", MODEL, "1", "--reason", "y")],
    ids=("list", "approve"),
)
def test_a_broken_group_is_one_sentence_whose_remedy_keeps_its_versions(
    name: str,
    command: tuple[str, ...],
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    group = state / "registry" / GROUP / "group.json"
    before = {path.name: path.read_text() for path in group.parent.iterdir()}
    BREAKS[name](group)

    code = ended(monkeypatch, state.parent, *command)

    told = capsys.readouterr().err
    assert code == 1
    assert told.startswith(f"Error: {group}: "), told
    assert told.count("\n") == 1
    assert "Exception" not in told
    remedy = f"`mlops rehearse pipeline {MODEL}` writes it again and keeps the versions beside it"
    assert told.endswith(f"remedy: {remedy}\n")

    registry_of(state.parent).create_model_package_group(ModelPackageGroupName=GROUP)

    assert ended(monkeypatch, state.parent, *command) == 0
    after = {path.name for path in group.parent.iterdir()}
    assert after == before.keys()


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_release_record_is_one_sentence_with_what_writes_it_anew(
    name: str, repository: Path
) -> None:
    stage = load_platform(repository, model=MODEL).stages.stages[0]
    records = RecordFiles(folder=repository / ".mlops" / "records")
    path = records.folder / stage.name / f"{MODEL}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"stage": stage.name, "model": MODEL, "version": 1}))
    BREAKS[name](path)

    if name == "gone":
        assert records.read(stage, MODEL) == Recorded()
        return
    try:
        told = records.read(stage, MODEL).unread or ""
    except ReleaseError as error:
        told = str(error)

    assert told.startswith(f"{path}: ")
    assert "remedy: the next deployment of the stage" in told
    assert "\n" not in told


def test_one_broken_version_is_named_and_the_others_stay_usable(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = state / "registry" / GROUP / "1.json"
    broken.write_text("")

    listed = ended(monkeypatch, state.parent, "registry", "list", MODEL)
    approved = ended(monkeypatch, state.parent, "registry", "approve", MODEL, "2", "--reason", "y")
    refused = ended(monkeypatch, state.parent, "registry", "approve", MODEL, "1", "--reason", "y")

    assert (listed, approved, refused) == (0, 0, 1)
    said = capsys.readouterr()
    assert "Pending" in said.out
    assert f"{broken}: is empty, so it is not a record of the local registry; remedy:" in said.err


def test_a_new_version_never_takes_the_number_of_a_broken_one(state: Path) -> None:
    (state / "registry" / GROUP / "2.json").write_text("")
    client = local_client(state / "registry")

    arn = client.create_model_package(ModelPackageGroupName=GROUP)["ModelPackageArn"]

    assert arn.endswith("/3")
    assert (state / "registry" / GROUP / "2.json").read_text() == ""


def approval(state: Path, *, reason: str) -> list[str]:
    command = [sys.executable, "-m", "mlops.cli", "--root", str(state.parent)]
    return [*command, "registry", "approve", MODEL, "1", "--reason", reason]


MOUNT = ["unshare", "--mount", "--propagation", "private"]


@pytest.fixture
def mounted() -> None:
    """A namespace of its own for mounts, where this machine allows one."""
    tried = (
        subprocess.run(
            [*MOUNT, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True
        )
        if shutil.which("unshare")
        else None
    )
    if tried is None or tried.returncode:
        pytest.skip("this machine lets nobody mount a file system")


# The record that is written does not fit beside a file that fills the rest.
FULL = """
cp -r {state} {aside} && mount -t tmpfs -o size=64k none {state} && cp -r {aside}/. {state}
cat /dev/zero > {state}/full
"""
READ_ONLY = "mount --bind {state} {state} && mount -o remount,bind,ro {state}"


@pytest.mark.usefixtures("mounted")
@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        (FULL, "no space left on device; remedy: free some space"),
        (READ_ONLY, "read-only file system; remedy: work in a checkout that can be written"),
    ],
)
def test_a_disk_that_takes_nothing_is_told_and_changes_nothing(
    state: Path, tmp_path: Path, mount: str, expected: str
) -> None:
    group = state / "registry" / GROUP
    script = (
        f"{mount.format(state=state, aside=tmp_path / 'aside')}\n"
        '"$@"; echo "exit $?"; ls -A {group}; cat {group}/1.json'.format(group=group)
    )
    before = (group / "1.json").read_text()

    done = subprocess.run(
        [*MOUNT, "bash", "-c", script, "bash", *approval(state, reason="x" * 900)],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )

    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == f"exit 1\n1.json\n2.json\ngroup.json\n{before}"


def test_a_limit_on_the_size_of_files_leaves_no_half_of_one(state: Path) -> None:
    group = state / "registry" / GROUP
    before = {path.name: path.read_text() for path in group.iterdir()}
    limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 1; "$@"', "bash"]

    done = subprocess.run(
        [*limited, *approval(state, reason="x" * 1024)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert done.returncode == 1
    assert "1.json: file too large; remedy: raise the limit on the size of a file" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_text() for path in group.iterdir()} == before


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("command", [("release", "history", MODEL), ("registry", "list", MODEL)])
def test_a_terminal_of_another_encoding_gets_an_answer(
    state: Path, encoding: str, command: tuple[str, ...]
) -> None:
    git = ["git", "-C", str(state.parent), "-c", "user.name=Ada ✓ Łukasz", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["add", "config"], ["commit", "-qm", "Fix ✓ für 日本"]):
        subprocess.run([*git, *arguments], check=True)

    done = subprocess.run(
        [sys.executable, "-m", "mlops.cli", "--root", str(state.parent), *command],
        check=False,
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", [("--help",), ("registry", "list", MODEL), ("validate",)])
def test_a_reader_that_has_seen_enough_is_no_error_to_report(
    state: Path, command: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "mlops.cli", "--root", str(state.parent), *command],
        check=False,
        stdout=writer,
        stderr=subprocess.PIPE,
    )

    os.close(writer)
    assert done.stderr == b""
