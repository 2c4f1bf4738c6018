"""A served model whose contract has everything that a panel can show."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import ModelSpec, Names, StagesFile, StagesSpec
from mlops.dashboards import Served

STAGES = {
    "project": "acme",
    "delivery": {"account": "100000000000", "region": "eu-west-1"},
    "stages": {
        "prod": {
            "account": "400000000000",
            "region": "eu-west-1",
            "trains": True,
            "canary": {"size_percent": 20},
            "capacity": {
                "standard": {
                    "instance_type": "ml.m5.xlarge",
                    "min_instances": 2,
                    "max_instances": 6,
                }
            },
        },
    },
}
MODEL = {
    "name": "churn",
    "description": "Who leaves",
    "owners": {
        "data_science": "science@example.com",
        "deployment": "platform@example.com",
        "on_call": "#churn",
    },
    "problem": {
        "type": "binary-classification",
        "target": "left",
        "groups": [{"field": "age", "names": {"1": "one", "2": "two"}}],
    },
    "data": {"sample": "data/churn.csv.gz", "version": "c" * 64},
    "schema": {
        "input": [{"name": "age", "type": "integer", "allowed": [1, 2]}],
        "output": [{"name": "probability", "type": "number"}],
    },
    "gates": [{"metric": "roc_auc", "comparison": "at_least", "threshold": 0.8}],
    "endpoint": {"expected_requests_per_minute": 90, "latency_p99_ms": 40},
    "monitoring": {
        "labels": {"prediction": "probability"},
        "psi": 0.15,
        "gap_tolerance": 0.07,
        "limits": [
            {"metric": "accuracy", "comparison": "at_least", "threshold": 0.8},
            {"metric": "brier", "comparison": "at_most", "threshold": 0.2},
        ],
    },
}


@pytest.fixture(scope="session")
def served_of() -> Callable[..., Served]:
    """The model, with some keys of its contract replaced."""

    def served(**changed: Any) -> Served:
        names = Names(stages=StagesSpec.of(StagesFile.model_validate(STAGES)))
        return Served.of(
            names, names.stages.stage("prod"), ModelSpec.model_validate(MODEL | changed)
        )

    return served


@pytest.fixture(scope="session")
def served(served_of: Callable[..., Served]) -> Served:
    return served_of()
