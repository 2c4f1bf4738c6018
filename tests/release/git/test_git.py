import os
import time
from pathlib import Path

import pytest

from mlops.release import ReleaseError
from mlops.release.git.git import Git, Identity, unattended, without_credentials

AUTHOR = Identity(name="Release automation", email="releases@example.com")


@pytest.fixture
def repository(tmp_path: Path, machine: None) -> Path:
    Git().text(tmp_path, "init", "--quiet", "repository")
    return tmp_path / "repository"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that stands in for git; write it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (folder / "git").touch(mode=0o755)
    return folder / "git"


@pytest.mark.parametrize(
    "text", ["Ada Lovelace <ada@example.com>", " Ada Lovelace  <ada@example.com> "]
)
def test_an_identity_is_read_as_git_shows_it(text: str) -> None:
    assert Identity.parse(text) == Identity(name="Ada Lovelace", email="ada@example.com")


@pytest.mark.parametrize("text", ["", "Ada", "<ada@example.com>", "Ada <ada\n@example.com>"])
def test_another_form_of_an_identity_is_refused(text: str) -> None:
    with pytest.raises(ReleaseError, match="allowed: Name <address>; remedy"):
        Identity.parse(text)


def test_an_unattended_commit_is_the_automations_whoever_is_logged_in(repository: Path) -> None:
    git = unattended(AUTHOR)

    git.text(repository, "commit", "--quiet", "--allow-empty", "--message", "x")

    people = git.text(repository, "log", "--format=%an <%ae> %cn <%ce>").strip()
    assert people == " ".join(["Release automation <releases@example.com>"] * 2)


def test_an_unattended_git_runs_no_hook_and_signs_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hook = repository / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text("[commit]\ngpgSign = true\n[core]\nautocrlf = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    commit = ("commit", "--allow-empty", "--quiet", "--message", "x")

    with pytest.raises(ReleaseError, match="git commit"):
        Git().text(repository, *commit)
    unattended(AUTHOR).text(repository, *commit)

    assert unattended(AUTHOR).text(repository, "config", "core.autocrlf") == "false\n"


def test_an_unattended_git_is_not_led_to_the_repository_of_its_caller(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))

    found = unattended(AUTHOR).text(repository, "rev-parse", "--absolute-git-dir").strip()

    assert found == str(repository / ".git")


def test_an_unattended_git_asks_nobody(program: Path, tmp_path: Path) -> None:
    program.write_text(
        "#!/bin/sh\n"
        'echo "$GIT_TERMINAL_PROMPT $SSH_ASKPASS_REQUIRE $LC_ALL"\n'
        "(: < /dev/tty) 2>/dev/null || echo no terminal\n"
    )

    said = unattended(AUTHOR).text(tmp_path, "whatever")

    assert said == "0 never C\nno terminal\n"


def test_a_git_that_waits_forever_is_ended_with_everything_it_started(
    program: Path, tmp_path: Path
) -> None:
    # The grandchild holds the pipes: without its end, reading them would wait for it.
    over = tmp_path / "over"
    waits = f"(sleep 60; touch {over}) & echo $! > {tmp_path}/child\nwait\n"
    program.write_text(f"#!/bin/sh\n{waits}")
    git = unattended(AUTHOR, patience_seconds=2)

    with pytest.raises(ReleaseError, match=r"git fetch: did not end within 2 seconds"):
        git.run(tmp_path, ("fetch", "origin"))

    assert not over.exists(), "it was waited for instead of ended"
    assert _ends(int((tmp_path / "child").read_text()))


def test_what_git_says_names_no_token(repository: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        Git().text(repository, "clone", "https://ada:secret@nowhere.invalid:1/x.git")

    assert "nowhere.invalid" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://token@example.com/a.git", "https://example.com/a.git"),
        ("https://ada:s/e@example.com/a.git", "https://example.com/a.git"),
        ("git@example.com:a.git", "git@example.com:a.git"),
        ("/srv/a.git", "/srv/a.git"),
    ],
)
def test_an_address_is_shown_without_its_user(address: str, shown: str) -> None:
    assert without_credentials(address) == shown


def test_without_git_the_remedy_is_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ReleaseError, match=r"git status: .*remedy: install git"):
        Git().text(tmp_path, "status")


def _ends(process: int) -> bool:
    """Whether a process ends within seconds; one that ended and that nobody collected did."""
    for _ in range(100):
        try:
            status = Path(f"/proc/{process}/stat").read_text()
        except FileNotFoundError:
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
