"""One valid contract and model folder, varied by each test."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops.pipeline.compiled import SDK_LOCK

ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted(ROOT.glob("model_code/*/model.yaml"))

CONTRACT: dict[str, Any] = {
    "name": "cab-fares",
    "description": "What a ride costs",
    "owners": {"data_science": "Fares <fares@example.com>", "deployment": "x", "on_call": "#fares"},
    "problem": {"type": "regression", "target": "fare"},
    "data": {"sample": "data/rides.csv.gz", "version": "a" * 64},
    "schema": {
        "input": [{"name": "km", "type": "number", "min": 0.0}],
        "output": [{"name": "fare", "type": "number"}],
    },
    "pipeline": {
        "steps": {"train": {"hyperparameters": {"max_depth": 3, "rate": 0.1, "loss": "huber"}}}
    },
    "gates": [
        {"metric": "r2", "comparison": "at_least", "threshold": 0.8, "max_regression": 0.02},
        {"metric": "mae", "comparison": "at_most", "threshold": 4.0},
    ],
    "endpoint": {"expected_requests_per_minute": 10},
}
MakeSpec = Callable[..., ModelSpec]


@pytest.fixture(scope="session")
def make_spec() -> MakeSpec:
    """A valid contract with some of its top-level keys replaced."""

    def make(**changes: Any) -> ModelSpec:
        return ModelSpec.model_validate_json(json.dumps(CONTRACT | changes))

    return make


@pytest.fixture(scope="session")
def spec(make_spec: MakeSpec) -> ModelSpec:
    return make_spec()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one model's folder and an SDK lock."""
    folder = tmp_path / "model_code" / "cab_fares"
    (folder / "examples").mkdir(parents=True)
    (folder / "train.py").write_text("print('train')\n")
    (folder / "features.py").write_text("KM = 'km'\n")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "requirements.lock").write_text("numpy==1\n")
    (folder / "examples" / "short.request.json").write_text('{"km": 2}')
    (folder / "examples" / "short.response.json").write_text('{"fare": 5.5}')
    (folder / "examples" / "long.request.csv").write_text("km\n90\n")
    (folder / "examples" / "long.response.json").write_text("[120.0]")
    lock = tmp_path / SDK_LOCK
    lock.parent.mkdir()
    lock.write_text("sagemaker==3\n")
    return tmp_path


@pytest.fixture(scope="session", params=MODELS, ids=lambda path: path.parent.name)
def real_model(request: pytest.FixtureRequest) -> ModelSpec:
    """The contract of each of the repository's models, read without the checks of its folder."""
    from mlops.contract.document import read_document
    from mlops.contract.translation import checked

    return checked(read_document(request.param, root=ROOT), ModelSpec)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository with every model in it, and with its own configuration."""
    return ROOT
