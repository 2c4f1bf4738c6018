from __future__ import annotations

import pytest

from mlops.container.jobs import gates
from mlops.container.jobs.job import DataError

R2 = {"metric": "r2", "comparison": "at_least", "threshold": 0.9}
RMSE = {"metric": "rmse", "comparison": "at_most", "threshold": 35, "max_regression": 2}
NO_CHANGE = {"r2": 0.0, "rmse": 0.0}


def test_all_gates_passed_is_said_in_these_words():
    assert gates.verdict([R2, RMSE], {"r2": 0.9, "rmse": 35.0}, NO_CHANGE) == {
        "passed": True,
        "message": "all gates passed",
    }


def test_every_failed_gate_is_told_with_how_much_is_missing():
    verdict = gates.verdict([R2, RMSE], {"r2": 0.85, "rmse": 40.0}, {"r2": 0.0, "rmse": 2.5})

    assert verdict == {
        "passed": False,
        "message": "r2 is 0.85, must be at least 0.9: missed by 0.05; "
        "rmse is 40, must be at most 35: missed by 5; "
        "rmse is 2.5 worse than the approved version, allowed: 2",
    }


def test_a_gate_without_max_regression_does_not_look_back():
    assert gates.verdict([R2], {"r2": 0.95}, {"r2": 0.04})["passed"]


def test_a_gate_on_an_unknown_metric_is_refused_with_those_that_exist():
    with pytest.raises(DataError, match="gate on auc: no such metric; allowed: r2, rmse"):
        gates.verdict([R2 | {"metric": "auc"}], {"r2": 1.0, "rmse": 1.0}, NO_CHANGE)
