from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from jobs import regression

GENERATOR = np.random.default_rng(1)
TRUTH = GENERATOR.poisson(50, 400).astype(float)
DEMAND = TRUTH + GENERATOR.normal(0, 5, 400)
DAYS = [number // 20 for number in range(400)]
SCORED = regression.Scored(truth=TRUTH, predicted=DEMAND, low=DEMAND - 5, high=DEMAND + 5)


def test_the_figures_are_those_of_scikit_learn():
    assert regression.figures(SCORED) == {
        "r2": pytest.approx(r2_score(TRUTH, DEMAND)),
        "rmse": pytest.approx(root_mean_squared_error(TRUTH, DEMAND)),
        "mae": pytest.approx(mean_absolute_error(TRUTH, DEMAND)),
        "wape": pytest.approx(mean_absolute_error(TRUTH, DEMAND) / TRUTH.mean()),
        "interval_coverage": pytest.approx(np.mean(np.abs(TRUTH - DEMAND) <= 5)),
    }


def test_without_intervals_there_is_no_coverage():
    assert "interval_coverage" not in regression.figures(
        regression.Scored(truth=TRUTH, predicted=DEMAND)
    )


def test_labels_that_are_all_nothing_have_no_share_of_error():
    nothing = regression.Scored(truth=np.zeros(3), predicted=np.ones(3))

    assert regression.figures(nothing)["wape"] == 0.0


def test_rows_that_are_all_alike_have_no_variance_to_explain():
    alike = regression.Scored(truth=np.full(3, 7.0), predicted=np.full(3, 7.0))

    assert regression.figures(alike) == {"r2": 0.0, "rmse": 0.0, "mae": 0.0, "wape": 0.0}


def test_every_value_lies_between_its_bounds_and_the_draw_is_repeatable():
    found = regression.with_bounds(SCORED, DAYS)

    assert all(figure["low"] < figure["value"] < figure["high"] for figure in found.values())
    assert regression.with_bounds(SCORED, DAYS) == found


def test_days_are_drawn_whole_so_that_errors_of_a_day_widen_the_bounds():
    errors = np.repeat(GENERATOR.normal(0, 5, 20), 20)
    same_error_all_day = regression.Scored(truth=TRUTH, predicted=TRUTH + errors)

    def width(clusters: list[int]) -> float:
        figure = regression.with_bounds(same_error_all_day, clusters)["rmse"]
        return figure["high"] - figure["low"]

    assert width(DAYS) > 2 * width(list(range(400)))
