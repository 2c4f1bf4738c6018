from __future__ import annotations

import json

import numpy as np
import pytest
from xgboost import XGBRegressor

import features
import hours
import inference
import onnx_graph
import train
from jobs import tables


@pytest.fixture(scope="module")
def rows(parts):
    return {part: tables.read_part(parts / part, hours.table()) for part in tables.PARTS}


def test_the_graph_answers_like_xgboost_on_every_row_within_the_stated_tolerance(trained, rows):
    """The native file is fed the features after imputation, as model.json describes it."""
    trees = XGBRegressor()
    trees.load_model(trained.model_dir / "model.ubj")
    imputed = json.loads((trained.model_dir / "model.json").read_text())["imputed"]
    graph = inference.model_fn(str(trained.model_dir))
    for part in tables.PARTS:
        matrix = features.matrix(rows[part])
        served = inference.point(graph, matrix)

        for name, value in imputed.items():
            column = matrix[:, features.FEATURES.index(name)]
            column[np.isnan(column)] = value
        native = np.maximum(trees.predict(matrix).astype(np.float64), 0)
        difference = np.abs(served - native) / np.maximum(native, 1)
        assert difference.max() <= train.ONNX_TOLERANCE, part


def test_a_graph_that_answers_otherwise_is_not_released(monkeypatch, parts, tmp_path):
    some = tables.read_part(parts / "validation", hours.table())
    few = train.Hyperparameters(n_estimators=5)
    fitted = train.fit(some[:400], few, np.ones(400))
    other = train.fit(some[400:], few, np.ones(len(some) - 400))
    train._write(tmp_path, fitted, 1.0, train.Hyperparameters())
    (tmp_path / "model.onnx").write_bytes(onnx_graph.export(other))

    assert train.export_difference(tmp_path, fitted, some) > train.ONNX_TOLERANCE


def test_the_interval_is_calibrated_on_rows_that_took_no_part_in_the_fit(trained, rows):
    model = inference.model_fn(str(trained.model_dir))
    recent = train.newest(rows["validation"])
    truth = hours.rentals(recent)
    low, high = inference.bounds(
        inference.point(model, features.matrix(recent)), model.interval_factor
    )
    assert 200 < len(recent) < len(rows["validation"]) / 3
    inside = np.mean((low <= truth) & (truth <= high))

    assert train.INTERVAL_COVERAGE <= inside <= train.INTERVAL_COVERAGE + 0.01


def test_few_recent_rows_do_not_calibrate_alone(rows):
    last = sorted(rows["validation"], key=lambda row: row["date"])
    few = [*last[:400], *last[-50:]]

    assert train.newest(few) == few


def test_answers_have_the_level_of_the_end_of_training(trained, rows):
    model = inference.model_fn(str(trained.model_dir))
    early = [row for row in rows["validation"] if row["month"] <= 4]
    truth = hours.rentals(early)

    answered = inference.point(model, features.matrix(early))

    assert answered.sum() / truth.sum() > 1.05
