"""The model card's figures are those of a fresh run; nobody types them from memory."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from this_model import MODEL

import features
import hours
from jobs import regression, tables
from jobs.resampling import Figures

CARD = (MODEL.folder / "README.md").read_text()
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
    parts = MODEL.preprocessed(folder, MODEL.sample, "--split-by", "day")
    return MODEL.evaluate(folder, parts, MODEL.train(folder, parts, hyperparameters).channel)


def scikit_learn(parts) -> Figures:
    """Gradient boosting of scikit-learn as it comes, on the same features and rows."""
    rows = {part: tables.read_part(parts / part, hours.table()) for part in ("train", "test")}
    known = HistGradientBoostingRegressor(random_state=0)
    known.fit(features.matrix(rows["train"]), hours.rentals(rows["train"]))
    guess = np.asarray(known.predict(features.matrix(rows["test"])), dtype=np.float64)
    truth = hours.rentals(rows["test"])
    return regression.figures(regression.Scored(truth=truth, predicted=guess))


def values(found: dict[str, dict[str, float]]) -> Figures:
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
