import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from mlops.contract import load_platform
from mlops.registry import approve, local_client
from mlops.release import AwsSources, Report
from mlops.release.git.remote import Remote

Mlops = Callable[..., Result]
Git = Callable[..., str]
MODEL, GROUP = "bike-demand", "mlops-bike-demand"
PINNED = "bike-demand: {dev: 2, staging: 2, prod: 2}"


@pytest.fixture
def git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Git:
    """Makes the copy a clone of a repository beside it; runs git in it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("COLUMNS", "200")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")

    def run(*arguments: str) -> str:
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    run("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "host.git"))
    run("add", "config", "model_code/bike_demand/model.yaml")
    run("commit", "--quiet", "--message", "Start")
    run("remote", "add", "origin", str(tmp_path / "host.git"))
    run("push", "--quiet", "origin", "main")
    return run


@pytest.fixture
def registered(repository: Path) -> None:
    """A local registry of two versions, both approved; the repository pins the first."""
    stage = load_platform(repository, model=MODEL).stages.training
    folder = repository / ".mlops" / "registry"
    client = local_client(folder, account=stage.account, region=stage.region)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    for number in (1, 2):
        client.create_model_package(ModelPackageGroupName=GROUP)
        approve(client, GROUP, number, reason=f"read card {number}")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every automation that would have run, none of which does."""
    found: list[Any] = []

    def ran(automation: Any) -> Report:
        found.append(automation)
        return Report(decisions=(), notes=(), diff="", done=(), problems=())

    monkeypatch.setattr("mlops.cli.automate.Automation.run", ran)
    return found


@pytest.mark.usefixtures("registered")
def test_a_run_shows_what_it_saw_and_did(mlops: Mlops, git: Git, repository: Path) -> None:
    result = mlops("release", "automate", "--target", "local")

    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "dev on-approval 1 → 2 2 is approved" in lines
    assert f"+ {PINNED}" in lines
    git("fetch", "--quiet", "origin")
    commit = git("rev-parse", "origin/main")
    assert f"committed as {commit[:10]} and pushed to main of " in result.output
    assert git("log", "-1", "--format=%an", commit) == "Release automation"
    assert git("status", "--porcelain", "--untracked-files=no") == ""
    assert "dev: 1" in (repository / "config/releases.yaml").read_text()


@pytest.mark.usefixtures("registered")
def test_a_dry_run_pushes_nothing(mlops: Mlops, git: Git) -> None:
    before = git("ls-remote", "origin")

    result = mlops("release", "automate", "--target", "local", "--dry-run")

    assert result.exit_code == 0, result.output
    assert PINNED in result.output
    assert "would push to main of " in result.output
    assert git("ls-remote", "origin") == before


@pytest.mark.usefixtures("git")
def test_problems_are_listed_and_fail_the_command(mlops: Mlops) -> None:
    result = mlops("release", "automate", "--target", "local")

    assert result.exit_code == 1
    assert "1 problem:\nbike-demand: mlops-bike-demand: does not exist" in result.output
    assert "Traceback" not in result.output


def test_the_author_of_the_commits_is_said_and_not_the_machines(
    mlops: Mlops, git: Git, registered: None
) -> None:
    mlops("release", "automate", "--target", "local", "--author", "Robot <robot@example.com>")

    git("fetch", "--quiet", "origin")
    people = git("log", "-1", "--format=%an <%ae> %cn <%ce>", "origin/main")
    assert people == " ".join(["Robot <robot@example.com>"] * 2)


def test_the_branch_is_the_one_that_is_delivered(
    mlops: Mlops, git: Git, repository: Path, run: list[Any]
) -> None:
    stages = repository / "config/stages.yaml"
    stages.write_text(stages.read_text().replace("branch: main", "branch: trunk"))
    host = git("remote", "get-url", "origin")

    for options in ((), ("--branch", "other"), ("--remote", "https://far.example/x.git")):
        mlops("release", "automate", "--target", "local", *options)

    assert [automation.remote for automation in run] == [
        Remote(url=host, branch="trunk"),
        Remote(url=host, branch="other"),
        Remote(url="https://far.example/x.git", branch="trunk"),
    ]


def test_a_remote_may_be_named(mlops: Mlops, git: Git, run: list[Any]) -> None:
    git("remote", "add", "mirror", "git@far.example:x.git")

    mlops("release", "automate", "--target", "aws", "--remote", "mirror")

    assert run[0].remote.url == "git@far.example:x.git"


def test_rehearsals_are_not_released_to_everybody_by_default(
    mlops: Mlops, git: Git, run: list[Any]
) -> None:
    git("remote", "set-url", "origin", "git@far.example:x.git")
    automate = ("release", "automate", "--target", "local")

    refused = mlops(*automate)
    said = mlops(*automate, "--remote", "origin")
    dry = mlops(*automate, "--dry-run")

    assert refused.exit_code == 2
    assert "say --remote, or --target aws" in refused.output
    assert (said.exit_code, dry.exit_code, len(run)) == (0, 0, 2)


@pytest.mark.usefixtures("git")
def test_on_aws_the_roles_are_assumed_unless_profiles_are_named(
    mlops: Mlops, run: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profiles = "".join(
        f"[{name}]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
        for name in ("mine", "p")
    )
    (tmp_path / "profiles").write_text(profiles)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "profiles"))

    mlops("release", "automate", "--target", "aws")
    mlops("release", "automate", "--target", "aws", "--profile", "mine", "--profile", "prod=p")

    assert [automation.sources for automation in run] == [
        AwsSources(),
        AwsSources(profiles={"": "mine", "prod": "p"}),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing option '--target'"),
        (("--target", "local", "--profile", "mine"), "--profile goes with --target aws"),
        (
            ("--target", "local", "--author", "Robot"),
            "author: got 'Robot'; allowed: Name <address>",
        ),
        (("--target", "local", "--branch", "gone"), "there is no such branch"),
    ],
)
@pytest.mark.usefixtures("git")
def test_a_mistake_is_told_without_a_traceback(
    mlops: Mlops, arguments: tuple[str, ...], said: str
) -> None:
    result = mlops("release", "automate", *arguments)

    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "Traceback" not in result.output


def test_outside_of_a_checkout_the_remote_is_asked_for(mlops: Mlops) -> None:
    result = mlops("release", "automate", "--target", "aws")

    assert result.exit_code == 1
    assert "has no remote origin; remedy: say where to push with --remote" in result.output
