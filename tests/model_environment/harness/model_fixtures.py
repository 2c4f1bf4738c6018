"""Fixtures that the tests of every model import; the model is trained once per session.

A model's conftest adds two of its own: `model`, and `parts`, the folder of its preprocessed data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("models", "model_promises", "example_promises")

from models import Model, Trained  # noqa: E402 - its asserts are rewritten


@pytest.fixture
def script(model: Model, tmp_path: Path) -> Any:
    """Run one of the scripts in a process of its own."""
    return lambda name, *arguments: model.run(name, *arguments, cwd=tmp_path)


@pytest.fixture(scope="session")
def hyperparameters(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.hyperparameters(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="session")
def trained(
    model: Model, tmp_path_factory: pytest.TempPathFactory, parts: Path, hyperparameters: Path
) -> Trained:
    return model.train(tmp_path_factory.mktemp("trained"), parts, hyperparameters)


@pytest.fixture(scope="session")
def evaluated(
    model: Model, tmp_path_factory: pytest.TempPathFactory, parts: Path, trained: Trained
) -> dict[str, Any]:
    """evaluation.json and answers.json of a first version."""
    return model.evaluate(tmp_path_factory.mktemp("evaluated"), parts, trained.channel)
