import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops.cli import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the tests' configuration and of the example model, to break."""
    ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
    shutil.copytree(ROOT / "tests" / "sample" / "config", tmp_path / "config")
    model = Path("model_code") / "bike_demand"
    shutil.copytree(ROOT / model, tmp_path / model, ignore=ignored)
    (tmp_path / "requirements").symlink_to(ROOT / "requirements")
    return tmp_path


@pytest.fixture
def mlops(repository: Path) -> Callable[..., Result]:
    """Runs the command line on the copy."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--root", str(repository), *arguments])

    return run
