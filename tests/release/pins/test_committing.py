from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.release import Checkout, ReleaseError, ReleasesFile, commit_release

Git = Callable[..., str]
Release = Callable[[str, str], str]


def committed(root: Path, version: int) -> str:
    before = ReleasesFile.read(root, model="bike-demand")
    after = before.pinned(model="bike-demand", stage="dev", version=version)
    return commit_release(
        after, before=before, checkout=Checkout(root=root), message="Subject\n\nReason\n"
    )


def test_a_release_is_a_commit_of_one_file(repository: Path, git: Git, release: Release) -> None:
    release("dev: 1", "Start")

    commit = committed(repository, 2)

    assert git("rev-parse", "HEAD") == commit
    assert git("show", "--format=", "--name-only") == "config/releases.yaml"
    assert git("log", "-1", "--format=%B") == "Subject\n\nReason"
    assert git("status", "--porcelain", "--untracked-files=no") == ""


def test_a_file_with_other_changes_is_neither_written_nor_committed(
    repository: Path, git: Git, release: Release
) -> None:
    start = release("dev: 1", "Start")
    path = repository / "config/releases.yaml"
    path.write_text("releases: {bike-demand: {dev: 1, prod: 1}}\n")

    with pytest.raises(ReleaseError, match="differs from the last commit"):
        committed(repository, 2)

    assert path.read_text() == "releases: {bike-demand: {dev: 1, prod: 1}}\n"
    assert git("rev-parse", "HEAD") == start


def test_a_hook_that_refuses_leaves_everything_as_it_was(
    repository: Path, git: Git, release: Release
) -> None:
    start = release("dev: 1", "Start")
    hook = repository / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho frozen until Monday >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(ReleaseError, match="git commit: frozen until Monday"):
        committed(repository, 2)

    assert git("rev-parse", "HEAD") == start
    assert git("status", "--porcelain", "--untracked-files=no") == ""
