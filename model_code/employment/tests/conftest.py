"""Fixtures of the model's tests; a small model is trained once per session."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# pytest's importlib mode puts neither this folder nor the harness on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/model_environment/harness"))

from model_fixtures import evaluated, script, trained  # noqa: F401 - pytest finds them here
from models import Model
from this_model import MODEL, small_data


@pytest.fixture(scope="session")
def model() -> Model:
    return MODEL


@pytest.fixture(scope="session")
def hyperparameters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MODEL.hyperparameters(tmp_path_factory.mktemp("config"), n_estimators=60)


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    return MODEL.preprocessed(folder, small_data(tmp_path_factory.mktemp("data")))
