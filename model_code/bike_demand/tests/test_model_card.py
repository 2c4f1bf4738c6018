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
import train
from jobs import regression, tables
from jobs.resampling import Figures

CARD = (MODEL.folder / "README.md").read_text()
COLUMNS = ("r2", "rmse", "mae", "wape", "interval_coverage")
# Stated in the card: room for another machine's rounding, none for another model.
TOLERANCES = {"r2": 0.003, "rmse": 0.5, "mae": 0.5, "wape": 0.003, "interval_coverage": 0.01}
RETRAINED_END = "2012-07-01"


def card_rows() -> dict[str, dict[str, float]]:
    """The figures of the card's table by what they are of; a dash is no figure."""
    table = CARD.partition("<!-- figures -->")[2].partition("<!-- end of figures -->")[0]
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()]
    rows = [line for line in lines if len(line) == 6 and re.match(r"[\d-]", line[1])]
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


@pytest.fixture(scope="module")
def retrained(tmp_path_factory, hyperparameters, trained) -> dict[str, Any]:
    """A version that learned half of 2012 too, beside the one of 2011 as the approved one."""
    folder = tmp_path_factory.mktemp("retrained")
    parts = MODEL.preprocessed(folder, MODEL.sample, "--training-end", RETRAINED_END)
    challenger = MODEL.train(folder, parts, hyperparameters)
    done, written = MODEL.compared(folder, parts, challenger.channel, trained.channel, version=1)
    assert done.code == 0, done.log
    return written["evaluation"]


def known_as_they_are(parts) -> dict[str, Figures]:
    """Scikit-learn as it comes, and this recipe without the level, on the same rows."""
    rows = {part: tables.read_part(parts / part, hours.table()) for part in ("train", "test")}
    matrix, rentals = features.matrix(rows["train"]), hours.rentals(rows["train"])
    known = HistGradientBoostingRegressor(random_state=0).fit(matrix, rentals)
    ours = train.fit(rows["train"], train.Hyperparameters(), np.ones(len(rentals)))
    return {
        "scikit-learn HistGradientBoosting, defaults, all held-out hours": guessed(known, rows),
        "This model without levels, all held-out hours": guessed(ours, rows),
    }


def guessed(fitted: Any, rows) -> Figures:
    guess = np.maximum(fitted.predict(features.matrix(rows["test"])).astype(np.float64), 0)
    truth = hours.rentals(rows["test"])
    return regression.figures(regression.Scored(truth=truth, predicted=guess))


def values(found: dict[str, dict[str, float]]) -> Figures:
    return {name: figure["value"] for name, figure in found.items()}


def test_the_table_shows_what_a_fresh_run_measures(evaluated, by_day, retrained, parts):
    evaluation = evaluated["evaluation"]
    later, held_out = evaluation["later"], evaluation["held_out"]
    measured = {
        "This model": values(evaluation["metrics"]),
        "Mean of the hour of the week": evaluation["baselines"]["hour_of_week_mean"],
        "Mean of the hour of the day": evaluation["baselines"]["hour_of_day_mean"],
        "Mean of all hours": evaluation["baselines"]["mean"],
        "This model, all held-out hours": values(held_out["metrics"]),
        **known_as_they_are(parts),
        "Mean of the hour of the week, all held-out hours": held_out["baselines"][
            "hour_of_week_mean"
        ],
        "This model, days it never saw": values(by_day["evaluation"]["held_out"]["metrics"]),
        "This model, 2012": values(later["metrics"]),
        "Mean of the hour of the week, 2012": later["baselines"]["hour_of_week_mean"],
        "Trained until July 2012, April to June 2012": values(retrained["metrics"]),
        "Trained until July 2012, July to December 2012": values(retrained["later"]["metrics"]),
        "This model, April to June 2012": retrained["approved"]["metrics"],
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


def test_a_retrained_version_passes_the_gates_and_beats_the_one_of_2011(retrained):
    assert retrained["gates"]["passed"], retrained["gates"]["message"]
    assert "2012-06-23" < retrained["window"]["last"] < RETRAINED_END
    assert retrained["regression"]["r2"] < -0.2
    assert retrained["regression"]["wape"] < -0.1
    for baseline in retrained["baselines"].values():
        assert baseline["wape"] > 0.18 * 1.5
