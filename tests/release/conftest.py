import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Platform, load_platform
from mlops.release import ReleasesFile

ROOT = Path(__file__).resolve().parents[2]

STAGES = """\
delivery: {account: "111111111111", region: eu-west-1}
stages:
  dev:
    account: "222222222222"
    region: eu-west-1
    trains: true
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}
  staging:
    account: "333333333333"
    region: eu-west-1
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}
  prod:
    account: "444444444444"
    region: eu-west-1
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}
"""

RELEASES = """\
# Who runs what.
releases:
  bike-demand: {dev: 3, staging: 2}  # the first model
"""

Git = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A platform of two models, of which one is complete, and three stages."""
    root = tmp_path / "repository"
    ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
    shutil.copytree(
        ROOT / "model_code/bike_demand", root / "model_code/bike_demand", ignore=ignored
    )
    (root / "model_code/churn").mkdir()
    (root / "config").mkdir()
    (root / "config/stages.yaml").write_text(STAGES)
    (root / "config/releases.yaml").write_text(RELEASES)
    return root


@pytest.fixture
def platform(repository: Path) -> Platform:
    return load_platform(repository, model="bike-demand")


@pytest.fixture
def file(repository: Path) -> ReleasesFile:
    return ReleasesFile.read(repository, model="bike-demand")


@pytest.fixture
def git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Makes the repository a checkout whose only tracked file is the releases'; runs git in it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")

    def run(*arguments: str, cwd: Path = repository) -> str:
        command = ["git", "-C", str(cwd), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    return run


@pytest.fixture
def release(repository: Path, git: Git) -> Callable[[str, str], str]:
    """Commits pins like `dev: 3, prod: 1` of bike-demand under a message; returns the commit."""

    def commit(pins: str, message: str) -> str:
        path = repository / "config/releases.yaml"
        path.write_text(f"releases:\n  bike-demand: {{{pins}}}\n")
        git("add", "config/releases.yaml")
        git("commit", "--quiet", "--message", message)
        return git("rev-parse", "HEAD")

    return commit
