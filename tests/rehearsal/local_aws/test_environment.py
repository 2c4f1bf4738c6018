import hashlib
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from mlops.rehearsal.local_aws import environment
from mlops.rehearsal.local_aws.environment import EnvironmentBuildError, ModelEnvironment


@pytest.fixture
def empty(tmp_path: Path) -> ModelEnvironment:
    lock = tmp_path / "requirements.lock"
    lock.write_text("# nothing\n")
    return ModelEnvironment(lock=lock, home=tmp_path / "envs")


def test_an_environment_is_built_once_per_content(empty: ModelEnvironment) -> None:
    said: list[str] = []

    python = empty.ensure(said.append)
    empty.ensure(said.append)

    seen = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == str(empty.folder)
    assert [text.split()[1] for text in said] == ["installing", "ready"]
    left = [path.name for path in empty.home.iterdir() if path.name.startswith(".building-")]
    assert left == []


def test_a_checkout_at_any_path_is_built_whatever_python_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    digest = hashlib.sha256(_wheel(tmp_path / "tiny-1.0-py3-none-any.whl")).hexdigest()
    home = tmp_path / "Äpfel"
    home.mkdir()
    lock = home / "requirements.lock"
    lock.write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    built = ModelEnvironment(lock=lock, home=home)

    built.ensure(lambda _: None)

    assert list(built.folder.rglob("tiny.*.pyc"))


def _wheel(path: Path) -> bytes:
    about = {"METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n", "RECORD": ""}
    about["WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny.py", "one = 1\n")
        for name, text in about.items():
            wheel.writestr(f"tiny-1.0.dist-info/{name}", text)
    return path.read_bytes()


def test_another_lock_is_another_environment(empty: ModelEnvironment) -> None:
    before = empty.folder
    empty.lock.write_text("# something else\n")

    assert empty.folder != before


def test_two_at_once_build_one(empty: ModelEnvironment) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=empty.ensure, args=(said.append,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([text for text in said if "installing" in text]) == 1


def test_a_lock_that_cannot_be_installed_leaves_nothing_and_says_why(
    empty: ModelEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    empty.lock.write_text("no-such-package==1.0\n")

    with pytest.raises(
        EnvironmentBuildError, match=r"requirements\.lock: cannot be installed; remedy:"
    ):
        empty.ensure(lambda _: None)

    assert not empty.folder.exists()
    assert not list(empty.home.glob(".building-*"))


def test_a_missing_lock_is_named(empty: ModelEnvironment) -> None:
    empty.lock.unlink()

    with pytest.raises(EnvironmentBuildError, match="there is no such lock"):
        empty.ensure(lambda _: None)


def test_the_program_prints_the_interpreter_only(
    empty: ModelEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["environment", "--print", "--home", str(empty.home), str(empty.lock)]
    monkeypatch.setattr(sys, "argv", call)

    environment.main()

    assert capsys.readouterr().out == f"{empty.python}\n"
