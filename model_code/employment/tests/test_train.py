from __future__ import annotations

import json

import numpy as np
import pytest
from xgboost import XGBClassifier

import features
import inference
import people
import train
from jobs import tables


@pytest.fixture(scope="module")
def rows(parts):
    return {part: tables.read_part(parts / part, people.table()) for part in tables.PARTS}


def test_the_graph_answers_like_xgboost_on_every_row_within_the_stated_tolerance(trained, rows):
    trees = XGBClassifier()
    trees.load_model(trained.model_dir / "model.ubj")
    graph = inference.model_fn(str(trained.model_dir))
    for part in tables.PARTS:
        matrix = features.matrix(rows[part])

        served = inference.probability(graph, matrix)

        assert np.isnan(matrix).any(), part
        assert np.abs(served - trees.predict_proba(matrix)[:, 1]).max() <= train.ONNX_TOLERANCE


def test_a_graph_that_answers_otherwise_is_not_released(rows, tmp_path):
    few = train.Hyperparameters(n_estimators=5)
    fitted = train.fit(rows["train"], rows["validation"], few)
    other = train.fit(rows["test"], rows["validation"], few)
    train.write(tmp_path, other, few)

    assert train.export_difference(tmp_path, fitted, rows["test"]) > train.ONNX_TOLERANCE


def test_trees_stop_where_the_validation_rows_gain_nothing(rows):
    eager = train.Hyperparameters(n_estimators=300, learning_rate=0.5, early_stopping_rounds=5)

    model = train.fit(rows["train"], rows["validation"], eager)

    assert train.trees(model) < 100


def test_only_the_trees_that_answer_are_written(trained, rows):
    described = json.loads((trained.model_dir / "model.json").read_text())
    written = XGBClassifier()
    written.load_model(trained.model_dir / "model.ubj")

    assert described["trees"] == written.get_booster().num_boosted_rounds()
    assert described["features"] == list(features.FEATURES)
