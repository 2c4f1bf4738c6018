"""A limit that a contract may name is judged: the engine calls each metric as the contract does."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from mlops.container.monitoring.classification import classification_metrics
from mlops.container.monitoring.regression import regression_metrics
from mlops.container.monitoring.truth import Coverage, Scored

# By its file: the contract's package needs what a model's image does not have.
CONTRACT = Path(__file__).parents[3] / "mlops" / "contract" / "metrics.py"
MEASURES = {
    "regression": regression_metrics,
    "binary-classification": classification_metrics,
}


@pytest.mark.parametrize("problem", MEASURES)
def test_every_metric_of_a_contract_is_measured(problem: str) -> None:
    names = runpy.run_path(str(CONTRACT))["METRICS"][problem]
    truth = np.array([0.0, 1.0] * 20)
    probability = np.linspace(0.1, 0.9, 40)
    scored = Scored(
        truth=truth, prediction=np.round(probability), probability=probability,
        low=probability - 1, high=probability + 1, requests=np.arange(40), groups={},
        coverage=Coverage(answered_rows=40, labelled_rows=40, misfits=0, unmatched=0),
    )  # fmt: skip

    assert set(names) - set(MEASURES[problem](scored)) == set()
