from __future__ import annotations

import json

import numpy as np
import pytest
from model_runs import PACKED
from model_runs import train as train_again
from xgboost import XGBRegressor

import features
import inference
import onnx_graph
import tables
import train
from contract import load_contract


@pytest.fixture(scope="module")
def rows(parts):
    return {part: tables.read_part(parts / part, load_contract()) for part in tables.PARTS}


def test_training_twice_gives_the_same_model_to_the_last_byte(
    tmp_path, parts, trained, hyperparameters, rows
):
    again = train_again(tmp_path, parts, hyperparameters).model_dir

    for name in ("model.ubj", "model.json", "model.onnx"):
        assert (again / name).read_bytes() == (trained.model_dir / name).read_bytes(), name
    matrix = features.matrix(rows["test"])
    ours = inference.point(inference.model_fn(str(trained.model_dir)), matrix)
    assert np.array_equal(ours, inference.point(inference.model_fn(str(again)), matrix))


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
    contract = load_contract()
    some = tables.read_part(parts / "validation", contract)
    fitted = train.fit(some[:400], contract.target, train.Hyperparameters(n_estimators=5))
    other = train.fit(some[400:], contract.target, train.Hyperparameters(n_estimators=5))
    train._write(tmp_path, fitted, 1.0, train.Hyperparameters())
    (tmp_path / "model.onnx").write_bytes(onnx_graph.export(other))

    assert train.export_difference(tmp_path, fitted, some) > train.ONNX_TOLERANCE


def test_the_interval_is_calibrated_on_rows_that_took_no_part_in_the_fit(trained, rows):
    model = inference.model_fn(str(trained.model_dir))
    truth = train.labels(rows["validation"], "cnt")
    low, high = inference.bounds(
        inference.point(model, features.matrix(rows["validation"])), model.interval_factor
    )
    inside = np.mean((low <= truth) & (truth <= high))

    assert train.INTERVAL_COVERAGE <= inside <= train.INTERVAL_COVERAGE + 0.01


def test_the_archive_holds_every_file_of_the_code(trained):
    packed = {path.name for path in (trained.model_dir / "code").iterdir()}

    expected = {path.name for path in PACKED.iterdir() if path.is_file()}
    assert packed == expected
    assert {"inference.py", "features.py", "serve.py", "model_server.py", "contract.json"} <= packed


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"depth": "3"}', "hyper-parameter depth is unknown; allowed: n_estimators, max_depth"),
        ('{"max_depth": "deep"}', "hyper-parameters {'max_depth': 'deep'}: invalid literal"),
        ("[", "hyperparameters.json: is no JSON"),
        ("[]", "hyperparameters.json: is no JSON object"),
    ],
)
def test_wrong_hyperparameters_are_told(tmp_path, content, reason):
    path = tmp_path / "hyperparameters.json"
    path.write_text(content)

    with pytest.raises(train.DataError) as caught:
        train.Hyperparameters.read(path)

    assert reason in str(caught.value)


def test_settings_of_the_sdk_are_not_taken_for_hyperparameters(tmp_path):
    path = tmp_path / "hyperparameters.json"
    path.write_text('{"max_depth": "3", "learning_rate": 0.1, "sagemaker_region": "eu-west-1"}')

    found = train.Hyperparameters.read(path)

    assert (found.max_depth, found.learning_rate) == (3, 0.1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "holds no row; check the split of the data"),
        ("date,month\n2011-01-01,1\n", "part.csv:2: column day is missing"),
        (None, "there is no such file; run preprocess first"),
    ],
)
def test_bad_training_data_ends_with_one_clear_line_and_exit_code_3(
    script, tmp_path, parts, hyperparameters, content, reason
):
    (tmp_path / "train").mkdir()
    if content is not None:
        (tmp_path / "train/part.csv").write_text(content)

    done = script(
        "train", "--train", tmp_path / "train", "--validation", parts / "validation",
        "--hyperparameters", hyperparameters, "--model-dir", tmp_path / "model",
    )  # fmt: skip

    assert done.code == 3
    assert done.reason.endswith(reason)
