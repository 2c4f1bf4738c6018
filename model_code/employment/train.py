"""Third step: boost trees until the validation households gain nothing, write what serves.

One thread and fixed seeds: the same rows and hyper-parameters give the same model on any machine
with the same lock.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from xgboost import XGBClassifier

import features
import inference
import people
from jobs import job, onnx_file, tables, training
from jobs.contract import Row
from jobs.job import JobError

SEED = 2015
OPSET = 15
ONNX_TOLERANCE = 1e-4
"""How far the 32-bit graph's probability may be from XGBoost's: the last digit of an answer."""


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What model.yaml may tune."""

    n_estimators: int = 1000
    early_stopping_rounds: int = 30
    max_depth: int = 5
    learning_rate: float = 0.05
    min_child_weight: float = 5.0
    subsample: float = 0.8
    colsample_bytree: float = 0.8


def main(log: logging.Logger) -> None:
    """Train, prove the export equal, pack."""
    arguments = training.arguments(__doc__)
    hyperparameters = training.read_hyperparameters(arguments.hyperparameters, Hyperparameters)
    train = tables.read_part(arguments.train, people.table())
    validation = tables.read_part(arguments.validation, people.table())
    model = fit(train, validation, hyperparameters)
    write(arguments.model_dir, model, hyperparameters)
    training.pack_code(arguments.model_dir / "code")
    difference = export_difference(arguments.model_dir, model, validation)
    if difference > ONNX_TOLERANCE:
        raise JobError(f"the ONNX graph differs by {difference:.2e}; allowed: {ONNX_TOLERANCE}")
    log.info("trained", extra={"rows": len(train), "trees": trees(model), "onnx_diff": difference})


def fit(train: list[Row], validation: list[Row], hyperparameters: Hyperparameters) -> XGBClassifier:
    """The trees up to the one after which the validation rows' log loss no longer falls."""
    model = XGBClassifier(
        tree_method="hist", n_jobs=1, random_state=SEED, eval_metric="logloss",
        **asdict(hyperparameters),
    )  # fmt: skip
    unseen = (features.matrix(validation), people.employed(validation))
    model.fit(features.matrix(train), people.employed(train), eval_set=[unseen], verbose=False)
    return model


def trees(model: XGBClassifier) -> int:
    """How many trees answer; those after the best round do not."""
    return int(model.best_iteration) + 1


def export_difference(model_dir: Path, model: XGBClassifier, rows: list[Row]) -> float:
    """The largest difference between the served graph's probability and XGBoost's."""
    matrix = features.matrix(rows)
    ours = model.predict_proba(matrix)[:, 1].astype(np.float64)
    served = inference.probability(inference.model_fn(str(model_dir)), matrix)
    return float(np.max(np.abs(served - ours)))


def write(folder: Path, model: XGBClassifier, hyperparameters: Hyperparameters) -> None:
    """The trees in XGBoost's own format, as a graph, and described."""
    folder.mkdir(parents=True, exist_ok=True)
    model.get_booster()[: trees(model)].save_model(folder / "model.ubj")
    best = XGBClassifier()
    best.load_model(folder / "model.ubj")
    inputs = [("features", FloatTensorType([None, len(features.FEATURES)]))]
    graph = convert_xgboost(best, "employment", initial_types=inputs, target_opset=OPSET)
    (folder / "model.onnx").write_bytes(onnx_file.serialized(graph))
    description = {
        "features": features.FEATURES,
        "trees": trees(model),
        "decided_from": inference.DECIDED_FROM,
        "hyperparameters": asdict(hyperparameters),
        "seed": SEED,
    }
    (folder / "model.json").write_text(json.dumps(description, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    job.run("train", main)
