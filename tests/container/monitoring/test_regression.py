import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring.regression import regression_metrics
from mlops.container.monitoring.truth import Coverage, Scored

COVERAGE = Coverage(answered_rows=9, labelled_rows=9, misfits=0, unmatched=0)


def _scored(truth: Any, prediction: Any, requests: Any = None, width: float = math.nan) -> Scored:
    truth, prediction = np.array(truth, float), np.array(prediction, float)
    nothing = np.full(len(truth), math.nan)
    return Scored(
        truth=truth, prediction=prediction, probability=nothing,
        low=prediction - width, high=prediction + width,
        requests=np.arange(len(truth)) if requests is None else requests,
        groups={}, coverage=COVERAGE,
    )  # fmt: skip


def test_the_figures_by_hand() -> None:
    found = regression_metrics(_scored([1, 2, 3, 6], [2, 2, 1, 7], width=1.0))

    assert {name: interval.value for name, interval in found.items()} == pytest.approx(
        {
            "rmse": math.sqrt(6 / 4),
            "mae": 1.0,
            "wape": 4 / 12,
            "mean_error": 0.0,
            "r2": 1 - 6 / 14,
            "interval_coverage": 0.75,
        }
    )


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=3, max_size=40))
def test_the_figures_are_those_of_their_definitions(rows: list[tuple[float, float]]) -> None:
    truth, prediction = (np.array(side) for side in zip(*rows, strict=True))
    error = prediction - truth

    found = regression_metrics(_scored(truth, prediction))

    assert found["rmse"].value == pytest.approx(np.sqrt(np.mean(error**2)), abs=1e-9)
    assert found["mae"].value == pytest.approx(np.mean(np.abs(error)), abs=1e-9)
    assert found["mean_error"].value == pytest.approx(np.mean(error), abs=1e-9)
    if np.var(truth) > 1e-3:
        r2 = 1 - np.sum(error**2) / np.sum((truth - truth.mean()) ** 2)
        assert found["r2"].value == pytest.approx(r2, rel=1e-6, abs=1e-6)


def test_labels_far_from_zero_lose_no_digit() -> None:
    draw = np.random.default_rng(1)
    truth = draw.normal(0, 1, 300)
    prediction = truth + draw.normal(0, 0.1, 300)

    near = regression_metrics(_scored(truth, prediction))["r2"]
    far = regression_metrics(_scored(truth + 1e8, prediction + 1e8))["r2"]

    assert far.value == pytest.approx(near.value, abs=1e-6)


def test_labels_that_are_all_equal_have_no_r2_and_no_interval_has_no_coverage() -> None:
    found = regression_metrics(_scored([5, 5, 5], [4, 5, 6]))

    assert set(found) == {"rmse", "mae", "wape", "mean_error"}


def test_rows_of_one_request_make_a_figure_less_sure() -> None:
    draw = np.random.default_rng(2)
    error = np.repeat(draw.normal(0, 1, 80), 10)
    truth = draw.normal(0, 5, 800)

    alone = regression_metrics(_scored(truth, truth + error))["mean_error"]
    together = regression_metrics(_scored(truth, truth + error, np.arange(800) // 10))["mean_error"]

    assert together.value == pytest.approx(alone.value)
    ratio = (together.high - together.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(math.sqrt(10), rel=0.2)
