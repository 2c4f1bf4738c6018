"""The model card's figures are those of a fresh run; nobody types them from memory."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from model_runs import FOLDER, evaluate, preprocessed
from model_runs import train as train_version
from sklearn.ensemble import HistGradientBoostingRegressor

import features
import metrics
import tables
import train
from contract import load_contract

CARD = (FOLDER / "README.md").read_text()
COLUMNS = ("r2", "rmse", "mae", "interval_coverage")
# Stated in the card: room for another machine's rounding, none for another model.
TOLERANCES = {"r2": 0.003, "rmse": 0.5, "mae": 0.5, "interval_coverage": 0.01}


def card_rows() -> dict[str, dict[str, float]]:
    """The figures of the card's table by what they are of; a dash is no figure."""
    table = CARD.partition("<!-- figures -->")[2].partition("<!-- end of figures -->")[0]
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()]
    rows = [line for line in lines if len(line) == 5 and re.match(r"[\d-]", line[1])]
    return {
        name: {c: float(v) for c, v in zip(COLUMNS, values, strict=True) if v != "–"}
        for name, *values in rows
        if not set(values[0]) <= {"-", ":"}
    }


@pytest.fixture(scope="module")
def by_day(tmp_path_factory, hyperparameters) -> dict[str, Any]:
    """The same model where no day of the test rows was seen in training."""
    folder = tmp_path_factory.mktemp("by_day")
    parts = preprocessed(folder, split_by="day")
    return evaluate(folder, parts, train_version(folder, parts, hyperparameters).channel)


def scikit_learn(parts) -> metrics.Figures:
    """Gradient boosting of scikit-learn as it comes, on the same features and rows."""
    contract = load_contract()
    rows = {part: tables.read_part(parts / part, contract) for part in ("train", "test")}
    known = HistGradientBoostingRegressor(random_state=0)
    known.fit(features.matrix(rows["train"]), train.labels(rows["train"], contract.target))
    guess = np.asarray(known.predict(features.matrix(rows["test"])), dtype=np.float64)
    truth = train.labels(rows["test"], contract.target)
    return metrics.figures(metrics.Scored(truth=truth, demand=guess))


def values(found: dict[str, dict[str, float]]) -> metrics.Figures:
    return {name: figure["value"] for name, figure in found.items()}


def test_the_table_shows_what_a_fresh_run_measures(evaluated, by_day, parts):
    evaluation = evaluated["evaluation"]
    later = evaluation["later"]
    measured = {
        "This model": values(evaluation["metrics"]),
        "scikit-learn HistGradientBoosting, defaults": scikit_learn(parts),
        "Mean of the hour of the week": evaluation["baselines"]["hour_of_week_mean"],
        "Mean of the hour of the day": evaluation["baselines"]["hour_of_day_mean"],
        "Mean of all hours": evaluation["baselines"]["mean"],
        "This model, days it never saw": values(by_day["evaluation"]["metrics"]),
        "This model, 2012": values(later["metrics"]),
        "Mean of the hour of the week, 2012": later["baselines"]["hour_of_week_mean"],
    }

    shown = card_rows()
    assert shown.keys() == measured.keys()
    for name, figures in measured.items():
        assert shown[name].keys() == figures.keys(), name
        for metric, value in figures.items():
            assert shown[name][metric] == pytest.approx(value, abs=TOLERANCES[metric]), (
                name,
                json.dumps(figures),
            )


def test_the_confidence_bounds_in_the_card_are_those_of_a_fresh_run(evaluated):
    found = {
        name: (float(low), float(high))
        for name, low, high in re.findall(r"- `(\w+)`: ([\d.]+) to ([\d.]+)", CARD)
    }

    assert found.keys() == set(COLUMNS)
    for metric, bounds in found.items():
        figure = evaluated["evaluation"]["metrics"][metric]
        assert bounds == pytest.approx((figure["low"], figure["high"]), abs=TOLERANCES[metric])


def test_the_card_names_the_gates_of_the_contract(model_yaml):
    for gate in model_yaml["gates"]:
        word = "at least" if gate["comparison"] == "at_least" else "at most"
        assert f"`{gate['metric']}` {word} {gate['threshold']:g}" in CARD
