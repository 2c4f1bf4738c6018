import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring.classification import classification_metrics, roc_auc
from mlops.container.monitoring.intervals import wilson
from mlops.container.monitoring.truth import Coverage, Scored

COVERAGE = Coverage(answered_rows=9, labelled_rows=9, misfits=0, unmatched=0)


def _scored(truth: Any, prediction: Any, probability: Any = None) -> Scored:
    nothing = np.full(len(truth), math.nan)
    return Scored(
        truth=np.array(truth, float), prediction=np.array(prediction, float),
        probability=nothing if probability is None else np.array(probability, float),
        low=nothing, high=nothing, requests=np.arange(len(truth)), groups={}, coverage=COVERAGE,
    )  # fmt: skip


def test_the_figures_of_classes_by_hand() -> None:
    found = classification_metrics(_scored([1, 1, 1, 0, 0], [1, 1, 0, 1, 0]))

    assert {name: interval.value for name, interval in found.items()} == pytest.approx(
        {"accuracy": 0.6, "recall": 2 / 3, "precision": 2 / 3, "f1": 2 / 3}
    )
    assert found["accuracy"] == wilson(3, 5)
    assert found["recall"] == wilson(2, 3)


def test_the_figures_of_probabilities_by_hand() -> None:
    found = classification_metrics(_scored([1, 0, 1, 0], [1, 0, 1, 1], [0.9, 0.2, 0.65, 0.61]))

    losses = [-math.log(p) for p in (0.9, 0.8, 0.65, 0.39)]
    assert found["log_loss"].value == pytest.approx(sum(losses) / 4)
    assert found["brier"].value == pytest.approx((0.01 + 0.04 + 0.35**2 + 0.61**2) / 4)
    # Bins: 0.9 alone, 0.2 alone, 0.65 and 0.61 together with one positive.
    assert found["calibration_error"].value == pytest.approx((0.1 + 0.2 + abs(0.65 + 0.61 - 1)) / 4)
    assert found["roc_auc"].value == 1.0


def test_certainty_that_is_wrong_costs_much_and_not_infinitely() -> None:
    found = classification_metrics(_scored([1, 0, 1], [0, 1, 1], [0.0, 1.0, 1.0]))

    assert 20 < found["log_loss"].value < 30


def test_probabilities_that_some_rows_lack_are_not_judged() -> None:
    assert "log_loss" not in classification_metrics(_scored([1, 0], [1, 0], [0.5, math.nan]))


def test_one_class_alone_has_no_curve_and_no_recall_of_the_other() -> None:
    found = classification_metrics(_scored([0, 0, 0], [0, 0, 1], [0.1, 0.2, 0.6]))

    assert "roc_auc" not in found
    assert "recall" not in found
    assert found["precision"].value == 0.0


def test_without_any_positive_there_is_no_f1() -> None:
    assert "f1" not in classification_metrics(_scored([0, 0], [0, 0]))


PAIRS = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=40).filter(
    lambda rows: len({positive for positive, _ in rows}) == 2
)


@given(PAIRS)
def test_the_area_is_the_chance_that_a_positive_scores_higher(rows: list[tuple[bool, int]]) -> None:
    """Mann and Whitney: over all pairs, ties count half."""
    high = [score for positive, score in rows if positive]
    low = [score for positive, score in rows if not positive]
    wins = sum((h > lo) + 0.5 * (h == lo) for h in high for lo in low)
    positive, score = (np.array(side) for side in zip(*rows, strict=True))

    found = roc_auc(positive, score.astype(float), np.arange(len(rows)))

    assert found.value == pytest.approx(wins / (len(high) * len(low)))
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


def test_the_variance_of_the_area_is_delongs() -> None:
    """Placements computed pair by pair, their variances as in the paper."""
    draw = np.random.default_rng(4)
    positive = np.arange(300) % 3 == 0
    score = draw.normal(positive * 1.0, 1)
    wins = (score[positive][:, None] > score[~positive][None, :]).astype(float)
    area = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / 100 + wins.mean(axis=0).var(ddof=1) / 200
    half = 1.96 * math.sqrt(variance) / (area * (1 - area))

    found = roc_auc(positive, score, np.arange(300))

    logit = math.log(area / (1 - area))
    assert math.log(found.low / (1 - found.low)) == pytest.approx(logit - half, abs=0.01)
    assert math.log(found.high / (1 - found.high)) == pytest.approx(logit + half, abs=0.01)


def test_rows_of_one_request_make_the_area_less_sure() -> None:
    draw = np.random.default_rng(5)
    positive = np.repeat(np.arange(60) % 2 == 0, 10)
    score = np.repeat(draw.normal(0, 1, 60), 10) + positive

    alone = roc_auc(positive, score, np.arange(600))
    together = roc_auc(positive, score, np.arange(600) // 10)

    assert together.value == alone.value
    assert together.high - together.low > 2.5 * (alone.high - alone.low)


@pytest.mark.parametrize("requests", [np.arange(20), np.zeros(20, dtype=np.int64)])
def test_perfect_separation_is_no_certainty(requests: Any) -> None:
    positive = np.arange(20) % 2 == 0

    found = roc_auc(positive, positive.astype(float), requests)

    assert found.value == found.high == 1.0
    assert found.low < 0.8
