"""A git checkout of this repository's configuration and one model, for worlds to be made of."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.canary.results import DeploymentResult, Harm, Pace

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "tests" / "sample" / "config"
Git = Callable[..., str]


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git as somebody, with nobody's configuration."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.com")

    def run(*arguments: str, cwd: Path) -> str:
        command = ["git", "-C", str(cwd), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    """A checkout with one commit, on a branch of any name."""
    root = tmp_path / "repository"
    ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
    shutil.copytree(SAMPLE, root / "config")
    model = "model_code/bike_demand"
    shutil.copytree(ROOT / model, root / model, ignore=ignored)
    (root / ".gitignore").write_text(".mlops/\n")
    git("init", "--quiet", "--initial-branch=topic", cwd=root)
    git("add", "--all", cwd=root)
    git("commit", "--quiet", "--message", "Everything", cwd=root)
    return root


@pytest.fixture
def deployed() -> Callable[..., DeploymentResult]:
    """How a deployment ended, as a canary rehearsal tells it."""

    def made(observed: str, **changed: Any) -> DeploymentResult:
        result = DeploymentResult(
            fault="none",
            story="",
            expected=observed,
            why="",
            observed=observed,
            reasons=(),
            blue="1",
            green="2",
            alarms=(),
            expected_alarms=(),
            detect_seconds=None,
            canary_invocations=0,
            harm=Harm(requests=0, harmed=0, lost=0, lost_at_canary=0),
            pace=Pace(scale=1, seconds=1, capacity=None, offered=1, lag_p99_ms=0, lag_max_ms=0),
            drained=True,
            restarts=0,
            probes=0,
            notes=(),
            events=(),
            shares=(),
            minutes=(),
            changes=(),
            ended=1800.0,
        )
        return replace(result, **changed)

    return made
