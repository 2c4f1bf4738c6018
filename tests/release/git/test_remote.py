import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops.release import ReleaseError
from mlops.release.errors import TransientError
from mlops.release.git.git import Git
from mlops.release.git.remote import Clone, Remote, cloned

TRAILER = "\n\nRelease-Automation: approved"
FAR = Remote(url="far://ada:secret@far.example/platform", branch="main")


@pytest.fixture
def clone(host: Any, unattended_git: Git) -> Iterator[Clone]:
    with cloned(host.remote, unattended_git) as clone:
        clone.update()
        yield clone


@pytest.fixture
def far(
    host: Any, unattended_git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], Clone]:
    """A clone of the host over a protocol that git has from a program on the path.

    `fetched` and `pushed` are shell code that runs before the host answers.
    """
    helper = tmp_path / "bin" / "git-remote-far"
    helper.parent.mkdir()
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")

    def made(fetched: str, pushed: str) -> Clone:
        helper.write_text(
            f"""#!/bin/sh
while read -r line; do
    case $line in
    capabilities) printf 'connect\\n\\n' ;;
    "connect git-upload-pack") {fetched or ":"}; echo; exec git-upload-pack {host.bare} ;;
    "connect git-receive-pack") {pushed or ":"}; echo; exec git-receive-pack {host.bare} ;;
    esac
done
"""
        )
        helper.chmod(0o755)
        environment = {**(unattended_git.environment or {}), "PATH": os.environ["PATH"]}
        git = Git(options=unattended_git.options, environment=environment, is_detached=True)
        unattended_git.text(tmp_path, "init", "--quiet", "clone")
        unattended_git.text(tmp_path / "clone", "remote", "add", "origin", FAR.url)
        return Clone(top=tmp_path / "clone", remote=FAR, git=git)

    return made


def failing(words: str) -> str:
    return f'echo "{words}" >&2; exit 128'


def committed(
    clone: Clone, message: str = f"Automatic{TRAILER}", text: str = "releases: {}"
) -> str:
    (clone.root / "config/releases.yaml").write_text(f"{text}\n# {message[:9]}\n")
    return clone.checkout.commit(message)


def test_a_clone_has_the_branch_with_its_history_and_is_gone_afterwards(
    host: Any, unattended_git: Git
) -> None:
    head = host.release("dev: 1")

    with cloned(host.remote, unattended_git) as clone:
        assert clone.update() == head
        assert "dev: 1" in (clone.root / "config/releases.yaml").read_text()
        assert [commit.id for commit in clone.checkout.commits()][-1] == head

    assert not clone.top.exists()


def test_an_update_forgets_what_was_not_pushed(host: Any, clone: Clone) -> None:
    committed(clone)
    (clone.root / "config/stages.yaml").write_text("half done")
    (clone.root / "left over").touch()
    head = host.release("dev: 1")

    assert clone.update() == head

    assert clone.git.text(clone.top, "status", "--porcelain") == ""
    assert not (clone.root / "left over").exists()
    assert clone.git.text(clone.top, "rev-parse", "HEAD").strip() == head


def test_the_platform_may_be_a_folder_of_the_repository(host: Any, unattended_git: Git) -> None:
    host.git("mv", "config", "model_code/config")
    host.write("model_code/config/stages.yaml", "x")
    remote = Remote(url=str(host.bare), branch="main", folder="model_code")

    with cloned(remote, unattended_git) as clone:
        clone.update()

        assert (clone.root / "config/stages.yaml").read_text() == "x"


def test_a_commit_is_pushed(host: Any, clone: Clone) -> None:
    base = clone.update()

    commit = committed(clone)
    clone.push(commit, base=base)

    assert host.log(what="%H") == [commit, base]
    assert host.log()[0] == "Release automation: Automatic"


def test_whoever_pushed_meanwhile_is_not_overwritten(host: Any, clone: Clone) -> None:
    base = clone.update()
    commit = committed(clone)
    head = host.release("dev: 1")

    with pytest.raises(TransientError, match=r"main of .*host\.git: others push to it"):
        clone.push(commit, base=base)

    assert host.log(what="%H")[0] == head


def test_a_branch_that_moves_during_the_push_is_not_overwritten(host: Any, clone: Clone) -> None:
    base = clone.update()
    other = host.write("README.md", "words")
    heads = (f"{other}:refs/heads/side", f"{base}:refs/heads/main")
    host.git("push", "--quiet", "--force", "origin", *heads)
    host.hook(
        "pre-receive",
        "unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main refs/heads/side; exit 0",
    )
    commit = committed(clone)

    with pytest.raises(TransientError, match="others push to it"):
        clone.push(commit, base=base)

    assert host.log(what="%H")[0] == other


def test_a_host_that_words_a_lost_race_in_its_own_way_is_asked_where_the_branch_is(
    host: Any, clone: Clone
) -> None:
    base = clone.update()
    other = host.write("README.md", "words")
    heads = (f"{other}:refs/heads/side", f"{base}:refs/heads/main")
    host.git("push", "--quiet", "--force", "origin", *heads)
    host.hook(
        "pre-receive",
        "unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main refs/heads/side; exit 1",
    )

    with pytest.raises(TransientError, match="others push to it"):
        clone.push(committed(clone), base=base)


def test_two_pushes_in_the_same_moment_are_no_refusal(host: Any, clone: Clone) -> None:
    base = clone.update()
    (host.bare / "refs/heads/main.lock").touch()

    with pytest.raises(TransientError, match="others push to it"):
        clone.push(committed(clone), base=base)


def test_a_hook_that_refuses_is_told_with_its_words(host: Any, clone: Clone) -> None:
    base = clone.update()
    host.hook("pre-receive", "echo 'protected branch:'; echo 'open a pull request'; exit 1")

    with pytest.raises(ReleaseError) as caught:
        clone.push(committed(clone), base=base)

    assert not isinstance(caught.value, TransientError)
    assert (
        "refuses the push (pre-receive hook declined): protected branch: open a pull request; "
        "remedy: let the automation's identity push there"
    ) in str(caught.value)


def test_the_checked_out_branch_of_a_person_is_not_pushed_to(
    host: Any, unattended_git: Git
) -> None:
    remote = Remote(url=str(host.desk), branch="main")

    with cloned(remote, unattended_git) as clone:
        base = clone.update()
        with pytest.raises(ReleaseError, match=r"refuses the push \(branch is currently checked"):
            clone.push(committed(clone), base=base)

    assert host.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "words",
    [
        "fatal: Authentication failed for 'https://far.example/platform/'",
        "fatal: could not read Username for 'https://far.example': terminal prompts disabled",
        "fatal: unable to access 'https://far.example/': The requested URL returned error: 403",
        "git@far.example: Permission denied (publickey).",
        "remote: Permission to ada/platform.git denied to automation.",
        "remote: HTTP Basic: Access denied",
        "Host key verification failed.",
    ],
)
def test_refused_credentials_are_named_and_never_tried_again(
    far: Callable[[str, str], Clone], words: str
) -> None:
    clone = far("", failing(words))
    base = clone.update()

    with pytest.raises(ReleaseError) as caught:
        clone.push(committed(clone), base=base)

    assert not isinstance(caught.value, TransientError)
    assert "main of far://far.example/platform: refuses the credentials of the push" in str(
        caught.value
    )
    assert words in str(caught.value)
    assert "remedy: renew the key or token" in str(caught.value)
    assert "secret@" not in str(caught.value)


def test_refused_credentials_are_named_when_nothing_can_be_read_either(
    far: Callable[[str, str], Clone],
) -> None:
    clone = far(failing("fatal: Authentication failed for 'https://far.example/'"), "")

    with pytest.raises(ReleaseError, match="refuses the credentials of the fetch"):
        clone.update()


@pytest.mark.parametrize(
    "words", ["ssh: Could not resolve hostname far.example", "fatal: the remote end hung up"]
)
def test_a_network_that_fails_may_be_well_in_a_moment(
    far: Callable[[str, str], Clone], words: str
) -> None:
    clone = far(failing(words), "")

    with pytest.raises(TransientError, match=f"fetch failed: {words}"):
        clone.update()


def test_a_repository_that_is_not_there_is_no_moment_to_wait_for(
    unattended_git: Git, tmp_path: Path
) -> None:
    remote = Remote(url=str(tmp_path / "gone"), branch="main")

    with (
        cloned(remote, unattended_git) as clone,
        pytest.raises(ReleaseError, match="is not a repository, or none that") as caught,
    ):
        clone.update()

    assert not isinstance(caught.value, TransientError)


@pytest.mark.parametrize("branch", ["trunk", "no~branch"])
def test_a_branch_that_is_not_there_is_named(host: Any, unattended_git: Git, branch: str) -> None:
    with (
        cloned(Remote(url=str(host.bare), branch=branch), unattended_git) as clone,
        pytest.raises(ReleaseError, match=rf"{branch} of .*: there is no such branch; remedy"),
    ):
        clone.update()


def test_a_part_of_the_history_is_refused(host: Any, unattended_git: Git, tmp_path: Path) -> None:
    host.release("dev: 1")
    unattended_git.text(
        tmp_path, "clone", "--quiet", "--bare", "--depth=1", host.bare.as_uri(), "part.git"
    )
    remote = Remote(url=str(tmp_path / "part.git"), branch="main")

    with (
        cloned(remote, unattended_git) as clone,
        pytest.raises(ReleaseError, match="holds a part of the history only"),
    ):
        clone.update()


def test_a_branch_of_its_own_is_made_and_moved(host: Any, clone: Clone) -> None:
    assert clone.tip("release/x") is None

    first = committed(clone)
    clone.put(first, branch="release/x", tip=None)
    second = committed(clone, text="releases: {churn: {}}")
    clone.put(second, branch="release/x", tip=first)

    assert clone.tip("release/x") == second
    assert host.log("release/x", "%H")[0] == second


@pytest.mark.parametrize("known", ["nothing", "an older tip"])
def test_a_branch_that_somebody_moved_meanwhile_is_not_overwritten(
    host: Any, clone: Clone, known: str
) -> None:
    older = clone.update()
    host.git("switch", "--quiet", "--create", "release/x")
    host.git("commit", "--quiet", "--allow-empty", "--message", "Somebody's")
    host.git("push", "--quiet", "origin", "release/x")
    commit = committed(clone)

    with pytest.raises(TransientError, match="others push to release/x"):
        clone.put(commit, branch="release/x", tip=None if known == "nothing" else older)

    assert host.log("release/x")[0] == "Ada: Somebody's"


def test_a_branch_is_ours_if_nobody_else_committed_to_it(host: Any, clone: Clone) -> None:
    base = clone.update()
    ours = committed(clone)
    mixed = committed(clone, message="By a person", text="releases: {churn: {}}")

    assert clone.is_ours(ours, base=base)
    assert clone.is_ours(base, base=base)
    assert not clone.is_ours(mixed, base=base)


def test_two_commits_are_the_same_if_their_files_are(host: Any, clone: Clone) -> None:
    first = committed(clone)
    second = clone.git.text(clone.top, "rev-parse", "HEAD^").strip()
    clone.git.text(clone.top, "commit", "--quiet", "--allow-empty", "--message", "Again")
    again = clone.git.text(clone.top, "rev-parse", "HEAD").strip()

    assert clone.is_same(first, again)
    assert not clone.is_same(first, second)
