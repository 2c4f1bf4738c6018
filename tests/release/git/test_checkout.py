import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.release import Checkout, ReleaseError

Git = Callable[..., str]
Release = Callable[[str, str], str]


def test_commits_are_listed_oldest_first_with_what_they_left(
    repository: Path, release: Release
) -> None:
    first = release("dev: 1", "Start\n\nbecause")
    second = release("dev: 2", "Go on")

    commits = Checkout(root=repository).commits()

    assert [commit.id for commit in commits] == [first, second]
    assert [commit.message for commit in commits] == ["Start\n\nbecause", "Go on"]
    assert commits[0].who == "Ada"
    assert commits[0].when.tzinfo is not None
    assert commits[1].content == "releases:\n  bike-demand: {dev: 2}\n"


def test_a_merge_is_one_change_of_the_branch_that_it_went_into(
    repository: Path, git: Git, release: Release
) -> None:
    release("dev: 1", "Start")
    git("switch", "--quiet", "--create", "side")
    release("dev: 2", "Try")
    release("dev: 3", "Keep")
    git("switch", "--quiet", "main")
    git("commit", "--quiet", "--allow-empty", "--message", "Something else")
    git("merge", "--quiet", "--no-ff", "--message", "Merge side", "side")

    commits = Checkout(root=repository).commits()

    assert [commit.message for commit in commits] == ["Start", "Merge side"]
    assert "dev: 3" in (commits[-1].content or "")


AUTOMATIC = "Release\n\nRelease-Automation: approved"


@pytest.mark.parametrize(
    ("messages", "automatic"),
    [
        ([AUTOMATIC], True),
        ([AUTOMATIC, AUTOMATIC], True),
        (["By hand"], False),
        ([AUTOMATIC, "By hand"], False),
        (["By hand", AUTOMATIC], False),
    ],
)
def test_a_merge_is_the_automations_if_all_it_brought_was(
    repository: Path, git: Git, release: Release, messages: list[str], automatic: bool
) -> None:
    release("dev: 1", "Start")
    git("switch", "--quiet", "--create", "side")
    for version, message in enumerate(messages, 2):
        release(f"dev: {version}", message)
    git("switch", "--quiet", "main")
    git("commit", "--quiet", "--allow-empty", "--message", "Something else")
    git("merge", "--quiet", "--no-ff", "--message", "Merge side", "side")

    commit = Checkout(root=repository).commits()[-1]

    assert commit.by_automation is automatic
    assert len(commit.merged) == len(messages)


def test_a_persons_rollback_is_still_a_persons_after_a_merge_the_wrong_way_round(
    repository: Path, git: Git, release: Release
) -> None:
    release("dev: 2", "Start")
    git("branch", "feature")
    release("dev: 1", "Back, by hand")
    release("dev: 1, prod: 1", AUTOMATIC)
    git("switch", "--quiet", "feature")
    git("commit", "--quiet", "--allow-empty", "--message", "A feature")
    git("merge", "--quiet", "--no-ff", "--message", "Merge main into feature", "main")

    commit = Checkout(root=repository).commits()[-1]

    assert commit.message == "Merge main into feature"
    assert not commit.by_automation


def test_a_commit_that_a_merge_dropped_again_still_counts(
    repository: Path, git: Git, release: Release
) -> None:
    release("dev: 1", "Start")
    git("branch", "other")
    git("switch", "--quiet", "--create", "side")
    release("dev: 2", AUTOMATIC)
    git("switch", "--quiet", "other")
    release("dev: 3", "By hand")
    git("switch", "--quiet", "side")
    git("merge", "--quiet", "--strategy=ours", "--message", "Not that", "other")
    git("switch", "--quiet", "main")
    git("merge", "--quiet", "--no-ff", "--message", "Merge side", "side")

    commit = Checkout(root=repository).commits()[-1]

    assert commit.message == "Merge side"
    assert not commit.by_automation


def test_a_commit_is_a_persons_unless_its_trailer_says_otherwise(
    repository: Path, release: Release
) -> None:
    release("dev: 1", "By hand")
    release("dev: 2", AUTOMATIC)

    commits = Checkout(root=repository).commits()

    assert [commit.by_automation for commit in commits] == [False, True]


def test_a_commit_that_removed_the_file_has_no_content(
    repository: Path, git: Git, release: Release
) -> None:
    release("dev: 1", "Start")
    git("rm", "--quiet", "config/releases.yaml")
    git("commit", "--quiet", "--message", "Stop")
    release("dev: 1", "Again")

    assert [bool(commit.content) for commit in Checkout(root=repository).commits()] == [
        True, False, True,
    ]  # fmt: skip


def test_the_platform_may_be_a_folder_of_a_larger_repository(
    repository: Path, git: Git, release: Release
) -> None:
    release("dev: 1", "Start")
    git("mv", "config", "model_code")

    (repository / "model_code/config/releases.yaml").write_text("releases: {}\n")
    git("commit", "--quiet", "--all", "--message", "Move")

    (commit,) = Checkout(root=repository / "model_code").commits()
    assert commit.content == "releases: {}\n"


def test_a_repository_without_commits_has_no_history(repository: Path, git: Git) -> None:
    git("status")

    assert Checkout(root=repository).commits() == []


@pytest.mark.usefixtures("git")
def test_outside_of_git_there_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="is not a git checkout"):
        Checkout(root=tmp_path).commits()
    with pytest.raises(ReleaseError, match="is not a git checkout"):
        Checkout(root=tmp_path).require_clean()


def test_without_git_the_remedy_is_to_install_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ReleaseError, match="remedy: install git"):
        Checkout(root=repository).commits()


def test_a_commit_on_a_branch_can_be_pushed(repository: Path, release: Release) -> None:
    release("dev: 1", "Start")

    Checkout(root=repository).require_branch()


def test_a_detached_head_has_no_branch_to_commit_to(
    repository: Path, git: Git, release: Release
) -> None:
    release("dev: 1", "Start")
    git("switch", "--quiet", "--detach")

    with pytest.raises(ReleaseError, match=r"HEAD is detached at .* remedy: `git switch` to"):
        Checkout(root=repository).require_branch()


UNFINISHED = {
    "rebase": ("rebase", "side"),
    "merge": ("merge", "side"),
    "cherry-pick": ("cherry-pick", "side"),
    "revert": ("revert", "--no-edit", "HEAD~1"),
    "bisect": ("bisect", "start"),
}


@pytest.mark.parametrize(("name", "command"), UNFINISHED.items())
def test_what_git_has_not_finished_is_named_with_the_way_out(
    repository: Path, git: Git, release: Release, name: str, command: tuple[str, ...]
) -> None:
    release("dev: 1", "Start")
    git("branch", "side")
    release("dev: 2", "Go on")
    release("dev: 3", "Go further")
    git("switch", "--quiet", "side")
    release("dev: 4", "Elsewhere")
    git("switch", "--quiet", "main")
    started = subprocess.run(
        ["git", "-C", str(repository), *command], check=False, capture_output=True
    )

    with pytest.raises(ReleaseError, match=rf"a {name} is not finished") as refused:
        Checkout(root=repository).require_branch()

    # The way out that is named is one.
    assert started.returncode == (0 if name == "bisect" else 1)
    remedy = re.search(r"`git ([^`]*)`", str(refused.value))
    assert remedy is not None
    git(*remedy[1].split())
    Checkout(root=repository).require_branch()


def test_a_repository_that_git_distrusts_is_told_in_gits_words(
    repository: Path, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    release("dev: 1", "Start")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "true")

    with pytest.raises(ReleaseError, match=r"is not a git checkout \(.*dubious ownership"):
        Checkout(root=repository).require_clean()


def test_the_folder_of_a_repository_without_files_is_no_checkout(
    repository: Path, release: Release
) -> None:
    release("dev: 1", "Start")

    with pytest.raises(ReleaseError, match="is not a git checkout"):
        Checkout(root=repository / ".git").require_branch()


def test_only_a_file_like_the_last_commit_is_clean(
    repository: Path, git: Git, release: Release
) -> None:
    checkout, path = Checkout(root=repository), repository / "config/releases.yaml"
    with pytest.raises(ReleaseError, match="differs from the last commit"):
        checkout.require_clean()  # untracked
    release("dev: 1", "Start")
    checkout.require_clean()
    path.write_text("releases: {}\n")
    with pytest.raises(ReleaseError, match="differs from the last commit"):
        checkout.require_clean()
    git("add", "config/releases.yaml")
    with pytest.raises(ReleaseError, match="differs from the last commit"):
        checkout.require_clean()


def test_a_commit_holds_the_releases_and_nothing_else_that_is_staged(
    repository: Path, git: Git, release: Release
) -> None:
    release("dev: 1", "Start")
    (repository / "config/releases.yaml").write_text("releases: {}\n")
    (repository / "config/stages.yaml").write_text("half done")
    git("add", "config/stages.yaml")

    commit = Checkout(root=repository).commit("Subject\n\nReason")

    assert git("show", "--format=%B", "--name-only", commit).split() == [
        "Subject", "Reason", "config/releases.yaml",
    ]  # fmt: skip
    assert git("diff", "--cached", "--name-only") == "config/stages.yaml"


def test_a_shallow_clone_is_told_from_a_whole_one(
    repository: Path, tmp_path: Path, git: Git, release: Release
) -> None:
    release("dev: 1", "Start")
    release("dev: 2", "Go on")
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth=1", repository.as_uri(), str(clone))

    assert Checkout(root=clone).is_shallow()
    assert not Checkout(root=repository).is_shallow()
