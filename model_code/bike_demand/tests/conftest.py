"""Fixtures of the model's tests; the model is trained once per session."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

# pytest's importlib mode puts neither this folder nor the scripts on the path.
sys.path.insert(0, str(Path(__file__).parent))

from model_runs import FOLDER, Trained, evaluate, preprocessed, run_script, train


@pytest.fixture
def script(tmp_path: Path) -> Any:
    """Run one of the scripts in a process of its own."""
    return lambda name, *arguments: run_script(name, *arguments, cwd=tmp_path)


@pytest.fixture(scope="session")
def model_yaml() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "model.yaml").read_text())


@pytest.fixture(scope="session")
def hyperparameters(tmp_path_factory: pytest.TempPathFactory, model_yaml: dict[str, Any]) -> Path:
    path = tmp_path_factory.mktemp("config") / "hyperparameters.json"
    given = model_yaml["pipeline"]["steps"]["train"]["hyperparameters"]
    # SageMaker delivers every value as text.
    path.write_text(json.dumps({name: str(value) for name, value in given.items()}))
    return path


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return preprocessed(tmp_path_factory.mktemp("parts"), split_by="hour")


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory, parts: Path, hyperparameters: Path
) -> Trained:
    return train(tmp_path_factory.mktemp("trained"), parts, hyperparameters)


@pytest.fixture(scope="session")
def evaluated(
    tmp_path_factory: pytest.TempPathFactory, parts: Path, trained: Trained
) -> dict[str, Any]:
    """evaluation.json and answers.json of a first version."""
    return evaluate(tmp_path_factory.mktemp("evaluated"), parts, trained.channel)
