"""Third step: fit on train, at the newest level of demand; calibrate on validation; pack.

One thread and fixed seeds: the same rows and hyper-parameters give the same model on any machine
with the same lock.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from xgboost import XGBRegressor

import features
import hours
import inference
import onnx_graph
from jobs import job, recent, tables, training
from jobs.contract import Row, load_contract
from jobs.job import DataError, JobError
from jobs.resampling import Numbers
from level import Level

SEED = 2011
INTERVAL_COVERAGE = 0.9
CALIBRATION_ROWS = 100
"""Fewer recent validation rows are no calibration: then all of them calibrate."""
UNKNOWN_WEATHER = -1.0
ONNX_TOLERANCE = 1e-3
"""How far the 32-bit graph may be from XGBoost, relative to the prediction (or to 1 rental)."""


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What model.yaml may tune."""

    n_estimators: int = 500
    max_depth: int = 6
    learning_rate: float = 0.05
    min_child_weight: float = 4.0
    subsample: float = 0.8
    colsample_bytree: float = 0.8


def main(log: logging.Logger) -> None:
    """Train, prove the export equal, pack."""
    arguments = training.arguments(__doc__)
    hyperparameters = training.read_hyperparameters(arguments.hyperparameters, Hyperparameters)
    train = tables.read_part(arguments.train, hours.table())
    validation = tables.read_part(arguments.validation, hours.table())
    demand_level = measured_level(train, validation, hyperparameters)
    pipeline = fit(train, hyperparameters, demand_level.factors(train))
    factor = interval_factor(pipeline, newest(validation))
    _write(arguments.model_dir, pipeline, factor, hyperparameters)
    training.pack_code(arguments.model_dir / "code")
    difference = export_difference(arguments.model_dir, pipeline, validation)
    if difference > ONNX_TOLERANCE:
        raise JobError(f"the ONNX graph differs by {difference:.2e}; allowed: {ONNX_TOLERANCE}")
    log.info(
        "trained", extra={"rows": len(train), "interval_factor": factor, "onnx_diff": difference}
    )


def fit(rows: list[Row], hyperparameters: Hyperparameters, factors: Numbers) -> Pipeline:
    """Impute what may be unknown, then boost trees on the counts, each times its factor."""
    pipeline = Pipeline([("preprocessing", preprocessing()), ("trees", _trees(hyperparameters))])
    return pipeline.fit(features.matrix(rows), hours.rentals(rows) * factors)


def measured_level(
    train: list[Row], validation: list[Row], hyperparameters: Hyperparameters
) -> Level:
    """The level of demand over the validation rows; see `level`."""
    auxiliary = _trees(hyperparameters).fit(_dateless(train), hours.rentals(train))
    expected = auxiliary.predict(_dateless(validation)).astype(np.float64)
    return Level.measured(validation, hours.rentals(validation), expected)


def newest(rows: list[Row]) -> list[Row]:
    """Rows of the days that the contract judges: those at the level that answers have."""
    found = recent.window_of(rows, days=load_contract().recent_days).of(rows)
    return found if len(found) >= CALIBRATION_ROWS else rows


def _trees(hyperparameters: Hyperparameters) -> XGBRegressor:
    return XGBRegressor(tree_method="hist", n_jobs=1, random_state=SEED, **asdict(hyperparameters))


def _dateless(rows: list[Row]) -> features.Matrix:
    """The features without the day of the year; trees need no imputation."""
    return np.delete(features.matrix(rows), features.FEATURES.index("day_of_year"), axis=1)


def preprocessing() -> ColumnTransformer:
    """Unknown weather is a level of its own; an unknown measurement is the training median."""
    sky = SimpleImputer(strategy="constant", fill_value=UNKNOWN_WEATHER)
    return ColumnTransformer(
        [
            ("calendar", "passthrough", _columns(features.CALENDAR)),
            ("sky", sky, _columns(features.SKY)),
            ("measurements", SimpleImputer(strategy="median"), _columns(features.MEASUREMENTS)),
        ]
    )


def interval_factor(pipeline: Pipeline, rows: list[Row]) -> float:
    """Split-conformal: the residual, in units of the spread, that enough unseen rows stay below.

    The rows took no part in the fit, so at least INTERVAL_COVERAGE of exchangeable new rows fall
    inside the interval on average.
    """
    demand = np.maximum(pipeline.predict(features.matrix(rows)).astype(np.float64), 0.0)
    scores = np.sort(np.abs(hours.rentals(rows) - demand) / np.sqrt(demand + 1.0))
    rank = int(np.ceil((len(scores) + 1) * INTERVAL_COVERAGE))
    if rank > len(scores):
        raise DataError(f"{len(scores)} validation rows; an interval needs 9 or more")
    return float(scores[rank - 1])


def export_difference(model_dir: Path, pipeline: Pipeline, rows: list[Row]) -> float:
    """The largest relative difference between the served graph and XGBoost."""
    matrix = features.matrix(rows)
    ours = np.maximum(pipeline.predict(matrix).astype(np.float64), 0.0)
    served = inference.point(inference.model_fn(str(model_dir)), matrix)
    return float(np.max(np.abs(served - ours) / np.maximum(np.abs(ours), 1.0)))


def _write(
    folder: Path, pipeline: Pipeline, factor: float, hyperparameters: Hyperparameters
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(onnx_graph.export(pipeline))
    pipeline.named_steps["trees"].save_model(folder / "model.ubj")
    medians = pipeline.named_steps["preprocessing"].named_transformers_["measurements"].statistics_
    description = {
        "features": features.FEATURES,
        "imputed": {"weather": UNKNOWN_WEATHER}
        | dict(zip(features.MEASUREMENTS, map(float, medians), strict=True)),
        "interval_coverage": INTERVAL_COVERAGE,
        "interval_factor": factor,
        "hyperparameters": asdict(hyperparameters),
        "seed": SEED,
    }
    (folder / "model.json").write_text(json.dumps(description, indent=2) + "\n", "utf-8")


def _columns(names: tuple[str, ...]) -> list[int]:
    return [features.FEATURES.index(name) for name in names]


if __name__ == "__main__":
    job.run("train", main)
