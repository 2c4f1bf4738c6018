"""A copy stands on what the repository has installed, or installs there."""

from pathlib import Path

import pytest

from tests.mutants import trial


def test_what_is_not_installed_yet_can_be_installed_through_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "clone"
    (root / ".venv").mkdir(parents=True)
    (root / "app.py").write_text("")
    monkeypatch.setattr(trial, "ROOT", root)

    copy = trial.copied(tmp_path / "trials").folder
    for shared in (".venv", ".envs", ".mlops", "node_modules"):
        (copy / shared / "installed").mkdir(parents=True)

    assert (copy / "app.py").is_file()
    assert (root / ".envs/installed").is_dir()
