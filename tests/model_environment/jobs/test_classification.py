from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from jobs import classification
from jobs.classification import Scored

GENERATOR = np.random.default_rng(1)
ROWS = 600
# Rounded, so that some probabilities are equal.
PROBABILITY = GENERATOR.beta(1, 1.5, ROWS).round(2)
TRUTH = (GENERATOR.uniform(size=ROWS) < PROBABILITY**0.7).astype(float)
DECIDED = (PROBABILITY >= 0.5).astype(float)
SCORED = Scored(truth=TRUTH, probability=PROBABILITY, decided=DECIDED)
HOUSEHOLDS = [number // 3 for number in range(ROWS)]


def test_the_figures_are_those_of_scikit_learn():
    found = classification.figures(SCORED)

    assert found.pop("calibration_error") > 0
    assert found == {
        "accuracy": pytest.approx(accuracy_score(TRUTH, DECIDED)),
        "roc_auc": pytest.approx(roc_auc_score(TRUTH, PROBABILITY)),
        "log_loss": pytest.approx(log_loss(TRUTH, np.clip(PROBABILITY, 1e-15, 1 - 1e-15))),
        "brier": pytest.approx(brier_score_loss(TRUTH, PROBABILITY)),
        "f1": pytest.approx(f1_score(TRUTH, DECIDED)),
        "recall": pytest.approx(recall_score(TRUTH, DECIDED)),
        "precision": pytest.approx(precision_score(TRUTH, DECIDED)),
    }
    assert classification.HIGHER_IS_BETTER.keys() == found.keys() | {"calibration_error"}


def test_the_calibration_error_is_the_weighted_distance_of_prediction_and_share():
    bins = np.minimum((PROBABILITY * classification.BINS).astype(int), classification.BINS - 1)
    by_hand = sum(
        np.mean(bins == b) * abs(TRUTH[bins == b].mean() - PROBABILITY[bins == b].mean())
        for b in set(bins)
    )

    assert classification.figures(SCORED)["calibration_error"] == pytest.approx(by_hand)


def test_probabilities_that_keep_their_word_have_little_calibration_error():
    probability = GENERATOR.uniform(size=100_000)
    truth = (GENERATOR.uniform(size=100_000) < probability).astype(float)
    honest = Scored(truth=truth, probability=probability, decided=truth)
    boastful = Scored(truth=truth, probability=probability**0.5, decided=truth)

    assert classification.figures(honest)["calibration_error"] < 0.006
    assert classification.figures(boastful)["calibration_error"] > 0.1


def test_a_resample_is_the_same_as_repeating_rows(monkeypatch):
    times = GENERATOR.integers(0, 3, ROWS)
    repeated = Scored(
        truth=np.repeat(TRUTH, times),
        probability=np.repeat(PROBABILITY, times),
        decided=np.repeat(DECIDED, times),
    )
    monkeypatch.setattr(classification, "draws", lambda clusters: [times.astype(float)[None]])

    found = classification.with_bounds(SCORED, range(ROWS))

    assert {name: figure["low"] for name, figure in found.items()} == pytest.approx(
        classification.figures(repeated)
    )


def test_every_value_lies_between_its_bounds_and_the_draw_is_repeatable():
    found = classification.with_bounds(SCORED, HOUSEHOLDS)

    found_again = classification.with_bounds(SCORED, HOUSEHOLDS)
    assert found_again == found
    found.pop("calibration_error")  # resampling adds noise, which an absolute value adds up
    assert all(figure["low"] < figure["value"] < figure["high"] for figure in found.values())


def test_rows_of_one_class_have_nothing_to_rank_or_to_find():
    nobody = Scored(truth=np.zeros(3), probability=np.zeros(3), decided=np.zeros(3))

    found = classification.figures(nobody)

    assert (found["roc_auc"], found["recall"], found["precision"], found["f1"]) == (0.5, 0, 0, 0)
    assert found["log_loss"] == 0


def test_certainty_that_is_wrong_costs_much_and_not_everything():
    wrong = Scored(truth=np.ones(1), probability=np.zeros(1), decided=np.zeros(1))

    assert 30 < classification.figures(wrong)["log_loss"] < 40
