"""Tools that judge the synthesized app from outside, each in the environment of its own lock."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Template = dict[str, Any]
UV = Path(sys.executable).with_name("uv")
EXPLAINED = Path(__file__).parent / "explained"


@pytest.fixture(scope="session")
def tools(root: Path, request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """The programs of `requirements/<name>.txt`, installed on first use and after a change."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")

    def programs(name: str) -> Path:
        lock = root / "requirements" / f"{name}.txt"
        folder = root / ".envs" / name
        ready = folder / "lock.sha256"
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()
        if not ready.exists() or ready.read_text() != digest:
            if reporter:
                reporter.write_line(f"installing {lock.name} into .envs/{name}, once")
            _install(lock, folder)
            ready.write_text(digest)
        return folder / "bin"

    return programs


def _install(lock: Path, folder: Path) -> None:
    python = folder / "bin" / "python"
    for command in (
        ["venv", "--clear", "--python", sys.executable, folder],
        ["pip", "install", "--python", python, "--require-hashes", "-r", lock],
    ):
        subprocess.run([UV, *command[:1], "-q", *command[1:]], check=True)  # uv talks to the index


@pytest.fixture(scope="session")
def template_files(
    templates: dict[str, Template], tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, str]:
    """Each template as a file, with the kind of its stack: `Foundation`, `Registry`, `Training`.

    Findings are counted once per kind: what is true of one stage's stack is true of all.
    """
    folder = tmp_path_factory.mktemp("templates")
    files = {}
    for path, template in templates.items():
        file = folder / f"{path.replace('/', '-')}.template.json"
        file.write_text(json.dumps(template))
        files[file] = path.rpartition("/")[2].rpartition("-")[2]
    return files


@pytest.fixture(scope="session")
def offline() -> dict[str, str]:
    """An environment in which no tool reaches out."""
    return os.environ | {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "BC_SKIP_MAPPING": "TRUE",
    }


@pytest.fixture(scope="session")
def unexplained() -> Callable[..., str]:
    """One line per finding that no reason is given for, and per reason without a finding."""

    def lines(tool: str, found: set[str], *, about: str = "") -> str:
        reasons: dict[str, str] = json.loads((EXPLAINED / f"{tool}.json").read_text())
        known = {name for name in reasons if name.startswith(about)}
        unexpected = [f"unexpected: {name}" for name in sorted(found - known)]
        return "\n".join(unexpected + [f"vanished: {name}" for name in sorted(known - found)])

    return lines
