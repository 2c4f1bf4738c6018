"""A tree's hash depends on the name and the bytes of every file, and on nothing else."""

import gzip
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout import content
from mlops.rollout.content import (
    REFUSED,
    UNRECORDED,
    VARIABLE,
    ContentError,
    content_of_archive,
    content_of_folder,
    digest_of_file,
    require_content,
)

MODULE = Path(content.__file__)
COREUTILS = (
    r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -z -- | sha256sum"
)
# What a file system takes as a name, with what tools quote: spaces, line breaks, accents, quotes.
LETTERS = st.sampled_from("ab.-_ \n'\"\\*é\u0301ß日")
NAMES = st.text(
    LETTERS | st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def _is_a_tree(files: dict[str, bytes]) -> bool:
    """Whether no name is a file and a folder at once, or too long for a file system."""
    folders = {str(parent) for name in files for parent in Path(name).parents}
    return not folders & files.keys()


TREES = st.dictionaries(PATHS, st.binary(max_size=40), min_size=1, max_size=5).filter(_is_a_tree)


def laid_out(files: dict[str, bytes], folder: Path) -> Path:
    """The files below a folder of its own."""
    home = folder / str(len(list(folder.iterdir())))
    home.mkdir()
    for name, data in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return home


def packed(files: dict[str, bytes], *, prefix: str = "", form: int = tarfile.PAX_FORMAT) -> bytes:
    """A .tar.gz of the files, in the order in which they are given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=form) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size, entry.mode, entry.uid, entry.mtime = len(data), 0o640, 1000, 86_400
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def hash_of(files: dict[str, bytes]) -> str:
    return content_of_archive(io.BytesIO(packed(files))).digest


@settings(max_examples=30)
@given(files=TREES)
def test_it_is_what_coreutils_give_in_the_folder(files, tmp_path_factory):
    folder = laid_out(files, tmp_path_factory.mktemp("trees"))
    done = subprocess.run(["/bin/sh", "-c", COREUTILS], cwd=folder, capture_output=True, check=True)

    found = content_of_folder(folder)

    assert found.digest == done.stdout.split()[0].decode()
    assert (found.files, found.bytes) == (len(files), sum(map(len, files.values())))


def test_the_command_that_the_module_documents_is_the_one_that_was_tried():
    assert COREUTILS in str(content.__doc__)


@settings(max_examples=50)
@given(files=TREES)
def test_an_archive_has_the_hash_of_the_tree_that_it_unpacks_to(files, tmp_path_factory):
    folder = laid_out(files, tmp_path_factory.mktemp("trees"))

    assert content_of_archive(io.BytesIO(packed(files))) == content_of_folder(folder)


@settings(max_examples=100)
@given(files=TREES, seed=st.integers())
def test_neither_order_nor_owner_nor_form_nor_a_leading_dot_changes_it(files, seed):
    shuffled = list(files.items())
    random.Random(seed).shuffle(shuffled)
    again = packed(dict(shuffled), prefix="./", form=tarfile.GNU_FORMAT)

    assert content_of_archive(io.BytesIO(again)).digest == hash_of(files)


@settings(max_examples=100)
@given(files=TREES, draw=st.data())
def test_one_flipped_bit_anywhere_changes_it(files, draw):
    filled = sorted(name for name, data in files.items() if data)
    if not filled:
        return
    name = draw.draw(st.sampled_from(filled))
    place = draw.draw(st.integers(0, 8 * len(files[name]) - 1))
    flipped = bytearray(files[name])
    flipped[place // 8] ^= 1 << place % 8

    assert hash_of(files | {name: bytes(flipped)}) != hash_of(files)


@settings(max_examples=100)
@given(files=TREES, name=PATHS, data=st.binary(max_size=3))
def test_an_added_a_removed_and_a_renamed_file_change_it(files, name, data):
    if name in files or not _is_a_tree(files | {name: data}):
        return
    first, *others = files
    removed = {other: files[other] for other in others}

    found = [hash_of(tree) for tree in (
        files, files | {name: data}, removed, removed | {name: files[first]},
    )]  # fmt: skip

    assert len(set(found)) == len(found)


def test_what_stands_in_a_name_never_passes_for_content():
    # Equal bytes, cut elsewhere: a hash over the bare concatenation takes these for one tree.
    cut = [{"ab": b"c"}, {"a": b"bc"}, {"a": b"", "b": b"c"}, {"a/b": b"c"}, {"a\\b": b"c"}]

    assert len({hash_of(tree) for tree in cut}) == len(cut)


def test_two_forms_of_one_accent_are_two_names():
    assert hash_of({"caf\u00e9": b""}) != hash_of({"cafe\u0301": b""})


def test_modes_times_and_folders_without_files_are_no_content(tmp_path):
    folder = laid_out({"code/serve.py": b"x"}, tmp_path)
    before = content_of_folder(folder)
    (folder / "code/serve.py").chmod(0o755)
    os.utime(folder / "code/serve.py", (1, 1))
    (folder / "empty").mkdir()

    assert content_of_folder(folder) == before


def test_a_cached_module_beside_its_source_is_content(tmp_path):
    # Python would run it in place of the source.
    folder = laid_out({"code/inference.py": b"x"}, tmp_path)
    before = content_of_folder(folder)
    (folder / "code/__pycache__").mkdir()
    (folder / "code/__pycache__/inference.cpython-313.pyc").write_bytes(b"y")

    assert content_of_folder(folder) != before


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def folder_link(path: Path) -> None:
    path.symlink_to("/etc")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [link, folder_link, dangling, pipe])
def test_what_is_no_file_and_no_folder_has_no_hash(tmp_path, make):
    folder = laid_out({"model.onnx": b"x"}, tmp_path)
    make(folder / "odd")

    with pytest.raises(ContentError, match=r"'odd' is not a file or folder"):
        content_of_folder(folder)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_an_archive_of_anything_but_files_and_folders_is_refused(kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("odd")
        entry.type, entry.linkname = kind, "model.onnx"
        archive.addfile(entry)

    with pytest.raises(ContentError, match=r"'odd' is not a file or folder"):
        content_of_archive(io.BytesIO(buffer.getvalue()))


@pytest.mark.parametrize("name", ["/etc/passwd", "../model.onnx", "a/../../b"])
def test_an_archive_that_would_write_outside_itself_is_refused(name):
    with pytest.raises(ContentError, match="inside the tree"):
        hash_of({name: b"x"})


def test_an_archive_that_names_a_file_twice_is_refused():
    # Which of the two is unpacked is up to the tool.
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("a", "./a"):
            archive.addfile(tarfile.TarInfo(name))

    with pytest.raises(ContentError, match=r"'a' is in the archive twice"):
        content_of_archive(io.BytesIO(buffer.getvalue()))


@pytest.mark.parametrize(
    "damaged",
    [b"", b"no archive", packed({"a": b"x" * 9999})[:60], gzip.compress(b"no tar" * 200)],
    ids=["empty", "no gzip", "cut off", "no tar"],
)
def test_a_broken_archive_is_told(damaged):
    with pytest.raises(ContentError, match="the archive cannot be read"):
        content_of_archive(io.BytesIO(damaged))


def test_a_large_file_takes_no_memory_of_its_size(tmp_path):
    folder = laid_out({}, tmp_path)
    with (folder / "model.onnx").open("wb") as stream:
        stream.truncate(64 * 2**20)
    tracemalloc.start()

    found = content_of_folder(folder)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.bytes == 64 * 2**20
    assert peak < 2**20


def test_a_files_digest_is_its_sha256(tmp_path):
    (tmp_path / "answers.json").write_bytes(b"abc")

    # FIPS 180-2, appendix B.1.
    assert digest_of_file(tmp_path / "answers.json") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize("expected", [None, "", "latest", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_container_that_is_not_told_its_content_refuses_to_start(tmp_path, expected):
    with pytest.raises(ContentError, match=rf"{VARIABLE} is .*mlops release pin"):
        require_content(tmp_path, expected)


def test_an_unrecorded_content_is_not_looked_at(tmp_path):
    assert require_content(tmp_path / "nowhere", UNRECORDED) is None


def test_a_folder_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ContentError, match="cannot be read"):
        require_content(tmp_path / "nowhere", "0" * 64)


SERVER = "import sys, os; print('arguments', sys.argv[1:], os.environ['PYTHONDONTWRITEBYTECODE'])"


def started(folder: Path, expected: str | None, *arguments: str) -> tuple[int, list[str]]:
    """Start an archive as the image does: exit code and lines of the log."""
    variables = {} if expected is None else {VARIABLE: expected}
    done = subprocess.run(
        [sys.executable, "-I", "-B", str(MODULE), "--model-dir", str(folder), *arguments],
        env=variables, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return laid_out({"code/serve.py": SERVER.encode(), "model.onnx": b"weights"}, tmp_path)


def test_the_released_archive_is_started_with_the_containers_arguments(archive):
    expected = content_of_folder(archive)

    code, (proof, answer) = started(archive, expected.digest, "--port", "0")

    assert code == 0
    told = json.loads(proof)
    assert (told["event"], told["digest"], told["files"]) == ("content proved", expected.digest, 2)
    assert answer == f"arguments ['--port', '0', '--model-dir', '{archive}'] 1"
    assert content_of_folder(archive) == expected


@pytest.mark.parametrize("name", ["code/serve.py", "model.onnx"])
def test_one_flipped_byte_starts_nothing_and_is_told_in_one_line(archive, name):
    expected = content_of_folder(archive).digest
    data = bytearray((archive / name).read_bytes())
    data[-1] ^= 1
    (archive / name).write_bytes(data)

    code, (line,) = started(archive, expected)

    told = json.loads(line)
    assert code == REFUSED
    assert (told["level"], told["event"]) == ("ERROR", "refused to start")
    assert f"{content_of_folder(archive).digest}, and {expected} was released" in told["reason"]


def test_an_unrecorded_archive_starts_with_a_warning(archive):
    code, (warning, answer) = started(archive, UNRECORDED)

    assert code == 0
    assert json.loads(warning)["level"] == "WARNING"
    assert answer.startswith("arguments")


def test_without_the_variable_nothing_starts(archive):
    code, (line,) = started(archive, None)

    assert code == REFUSED
    assert f"{VARIABLE} is not set" in json.loads(line)["reason"]


def test_an_archive_without_a_server_is_told(tmp_path):
    folder = laid_out({"model.onnx": b"x"}, tmp_path)

    code, (line,) = started(folder, content_of_folder(folder).digest)

    assert code == REFUSED
    assert "holds no code/serve.py" in json.loads(line)["reason"]


@pytest.mark.parametrize("name", ["json.py", "code/hashlib.py", "sitecustomize.py"])
def test_no_module_of_an_archive_takes_part_in_its_own_proof(archive, name, monkeypatch):
    released = content_of_folder(archive).digest
    (archive / name).write_text("raise SystemExit(0)")
    monkeypatch.chdir(archive)

    done = subprocess.run(
        [sys.executable, "-I", "-B", str(MODULE)],
        env={VARIABLE: released, "SM_MODEL_DIR": str(archive), "PYTHONPATH": str(archive)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == REFUSED


def test_an_abbreviated_option_cannot_name_another_folder_than_the_proved_one(archive, tmp_path):
    other = laid_out({"code/serve.py": b"raise SystemExit(0)"}, tmp_path)

    code, lines = started(archive, content_of_folder(archive).digest, "--model", str(other))

    assert code == 0
    assert lines[-1].endswith(f"'--model-dir', '{archive}'] 1")


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that this process would have become."""
    found: list[list[str]] = []
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    monkeypatch.setattr(os, "execv", lambda _, command: found.append(command))
    return found


@pytest.mark.parametrize("recorded", [True, False])
def test_it_becomes_the_server_itself_so_that_signals_reach_it(
    archive, executed, monkeypatch, recorded
):
    digest = content_of_folder(archive).digest
    monkeypatch.setenv(VARIABLE, digest if recorded else UNRECORDED)

    content.main(["--model-dir", str(archive)])

    assert executed == [
        [sys.executable, str(archive / "code/serve.py"), "--model-dir", str(archive)]
    ]


def test_what_is_refused_becomes_nothing(archive, executed, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, "0" * 64)

    with pytest.raises(SystemExit) as end:
        content.main(["--model-dir", str(archive)])

    assert (end.value.code, executed) == (REFUSED, [])
    assert json.loads(capsys.readouterr().out)["event"] == "refused to start"
