"""What a machine lacks is told by make in a sentence, before any program fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INPUTS = (
    "Makefile",
    "requirements.txt",
    "requirements/bootstrap.txt",
    "pyproject.toml",
    "package-lock.json",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in INPUTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("target", "arguments", "told"),
    [
        (
            ".venv/.ready",
            ["PYTHON=python9.9"],
            "setup: python9.9 is not installed; install",
        ),
        ("node_modules/.ready", [], "setup: npm is not installed; install Node 20"),
    ],
)
def test_a_missing_program_is_one_sentence(
    checkout: Path, tmp_path: Path, target: str, arguments: list[str], told: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make", "test", "awk", "echo"):
        (programs / name).symlink_to(str(shutil.which(name)))
    environment = {"PATH": str(programs), "HOME": os.devnull}

    done = subprocess.run(
        ["make", target, "SHELL=/bin/sh", *arguments],
        cwd=checkout, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert told in done.stderr
    assert "127" not in done.stderr
    assert "not found" not in done.stderr
