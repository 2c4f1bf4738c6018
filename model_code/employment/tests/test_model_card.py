"""The model card's figures are those of a fresh run on all the data: `make test-all` makes one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import Model
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from this_model import MODEL

import features
import inference
import people
from jobs import classification, tables
from jobs.classification import Scored
from jobs.contract import Row
from jobs.resampling import Figures

CARD = (MODEL.folder / "README.md").read_text()
COLUMNS = ("roc_auc", "accuracy", "log_loss", "calibration_error")
RATES = ("label_rate", "positive_rate", "true_positive_rate")
# Stated in the card: room for another machine's rounding, none for another model.
TOLERANCE = 0.004
BASELINES = {
    "Share of the same age and education": "share_of_age_and_education",
    "Share of the same age": "share_of_the_age",
    "Share of all": "share_of_all",
}


def table(name: str) -> dict[str, list[str]]:
    """The lines of a table of the card by their first cell."""
    text = CARD.partition(f"<!-- {name} -->")[2].partition("<!-- end -->")[0]
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines[3:] if len(line) > 1}


def numbers(cell: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", cell)]


def told(figure: dict[str, float] | float) -> list[float]:
    """A figure as a cell shows it: with its bounds, where it has some."""
    if isinstance(figure, float):
        return [figure]
    return [figure["value"], figure["low"], figure["high"]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The evaluation of a fresh model, with the folder of its parts."""
    everything, folder = Model(MODEL.folder), tmp_path_factory.mktemp("whole")
    parts = everything.preprocessed(folder, everything.sample)
    trained = everything.train(folder, parts, everything.hyperparameters(folder))
    found: dict[str, Any] = everything.evaluate(folder, parts, trained.channel)
    return found["evaluation"] | {"parts": parts, "model_dir": trained.model_dir}


def scikit_learn(parts: Path) -> Figures:
    """Gradient boosting of scikit-learn as it comes, on the same features and rows."""
    rows = {part: tables.read_part(parts / part, people.table()) for part in ("train", "test")}
    known = HistGradientBoostingClassifier(random_state=0)
    known.fit(features.matrix(rows["train"]), people.employed(rows["train"]))
    probability = known.predict_proba(features.matrix(rows["test"]))[:, 1]
    decided = (probability >= 0.5).astype(np.float64)
    truth = people.employed(rows["test"])
    return classification.figures(Scored(truth=truth, probability=probability, decided=decided))


def accuracies_of_the_paper(parts: Path, answers: Sequence[bool]) -> list[float]:
    """Per row of the table; `answers` are the model's, to the rows of `of_the_paper`."""
    train = tables.read_part(parts / "train", people.table())
    rows = of_the_paper(parts)
    truth = people.employed(rows)
    known = make_pipeline(StandardScaler(), LogisticRegression())
    known.fit(coded(train), people.employed(train))
    decided = known.predict(coded(rows)), np.array(answers)
    constant = float(max(truth.mean(), 1 - truth.mean()))
    return [constant, *(float((guess == truth).mean()) for guess in decided)]


def of_the_paper(parts: Path) -> list[Row]:
    """The people of the paper's year and ages."""
    rows = tables.read_part(parts / "later", people.table())
    return [row for row in rows if row["year"] == "2018" and 16 <= row["age"] <= 90]


def coded(rows: Sequence[Row]) -> features.Matrix:
    """The codes as folktables gives them to a logistic regression: 0 for what was not asked."""
    return np.nan_to_num(features.matrix(rows))


def test_the_card_tells_of_every_gate_and_every_judged_group():
    assert len(table("figures")) == 9
    assert len(table("published")) == 3
    assert len(table("groups")) == 9


@pytest.mark.full
def test_the_figures_are_those_of_a_fresh_run(whole):
    measured = {
        "This model": whole["metrics"],
        "This model, 16 and older": whole["grown"],
        **{f"This model, {year}": found["metrics"] for year, found in whole["later"].items()},
        **{name: whole["baselines"][key] for name, key in BASELINES.items()},
        "scikit-learn HistGradientBoosting, defaults": scikit_learn(whole["parts"]),
    }

    shown = table("figures")
    assert shown.keys() == measured.keys()
    for name, cells in shown.items():
        for metric, cell in zip(COLUMNS, cells, strict=True):
            known = told(measured[name][metric])
            assert numbers(cell) == pytest.approx(known, abs=TOLERANCE), (name, metric)


@pytest.mark.full
def test_the_accuracies_beside_the_papers_are_those_of_a_fresh_run(whole):
    matrix = features.matrix(of_the_paper(whole["parts"]))
    model = inference.model_fn(str(whole["model_dir"]))
    answers = inference.probability(model, matrix) >= inference.DECIDED_FROM

    found = accuracies_of_the_paper(whole["parts"], list(answers))

    shown = [numbers(here)[0] for _, here in table("published").values()]
    assert shown == pytest.approx(found, abs=TOLERANCE)


@pytest.mark.full
def test_the_groups_are_those_of_a_fresh_run(whole):
    measured = {
        name: found
        for groups in whole["groups"].values()
        for name, found in groups.items()
        if "low" in found["true_positive_rate"]
    }

    shown = table("groups")
    assert shown.keys() == measured.keys()
    for name, (rows, *cells) in shown.items():
        assert int(rows.replace(",", "")) == measured[name]["rows"]
        for rate, cell in zip(RATES, cells, strict=True):
            known = told(measured[name][rate])
            assert numbers(cell) == pytest.approx(known, abs=TOLERANCE), (name, rate)


@pytest.mark.full
def test_the_gaps_are_those_of_a_fresh_run_and_the_gates_keep_clear_of_chance(whole):
    shown = re.findall(r"- `(\w+_gap_\w+)`: ([\d.]+), ([\d.]+) to ([\d.]+)", CARD)

    gaps = {name: figure for name, figure in whole["metrics"].items() if "_gap_" in name}
    assert {name for name, *_ in shown} == gaps.keys()
    for name, *figures in shown:
        assert list(map(float, figures)) == pytest.approx(told(gaps[name]), abs=TOLERANCE), name
    for gate in MODEL.yaml["gates"]:
        figure = whole["metrics"][gate["metric"]]
        if gate["comparison"] == "at_least":
            assert gate["threshold"] < figure["low"]
        else:
            assert gate["threshold"] > figure["high"]
