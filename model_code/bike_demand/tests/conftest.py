"""Fixtures of the model's tests; the model is trained once per session, on all of its data."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# pytest's importlib mode puts neither this folder nor the harness on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/model_environment/harness"))

from model_fixtures import evaluated, hyperparameters, script, trained  # noqa: F401 - pytest finds them here
from models import Model
from this_model import MODEL


@pytest.fixture(scope="session")
def model() -> Model:
    return MODEL


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MODEL.preprocessed(tmp_path_factory.mktemp("parts"), MODEL.sample)
