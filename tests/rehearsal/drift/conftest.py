"""A contract, and rows of a past that it was not trained on."""

from typing import Any

import pytest

from mlops.contract import ModelSpec, Names, StagesFile, StagesSpec
from mlops.dashboards import Served
from mlops.rehearsal.drift.results import PeriodResult, Training

SPEC: dict[str, Any] = {
    "name": "tiny",
    "description": "Rentals of an hour",
    "owners": {
        "data_science": "science@example.com",
        "deployment": "platform@example.com",
        "on_call": "#tiny",
    },
    "problem": {"type": "regression", "target": "rentals"},
    "data": {"sample": "data/rows.csv", "version": "c" * 64},
    "schema": {
        "input": [
            {"name": "hour", "type": "integer", "min": 0, "max": 23},
            {"name": "heat", "type": "number", "min": -20, "max": 60, "nullable": True},
            {"name": "sky", "type": "string", "allowed": ["clear", "rain", "snow"]},
            {"name": "holiday", "type": "boolean"},
        ],
        "output": [{"name": "demand", "type": "number"}],
    },
    "gates": [{"metric": "r2", "comparison": "at_least", "threshold": 0.8}],
    "endpoint": {"expected_requests_per_minute": 10},
    "monitoring": {"labels": {"prediction": "demand"}},
}


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec.model_validate(SPEC)


@pytest.fixture
def names() -> Names:
    """What everything is called where one stage trains and serves."""
    stages = {
        "delivery": {"account": "111111111111", "region": "eu-west-1"},
        "stages": {
            "prod": {
                "account": "444444444444",
                "region": "eu-west-1",
                "trains": True,
                "capacity": {
                    "standard": {
                        "instance_type": "ml.m5.large",
                        "min_instances": 2,
                        "max_instances": 2,
                    }
                },
            }
        },
    }
    return Names(stages=StagesSpec.of(StagesFile.model_validate(stages)))


@pytest.fixture
def served(spec: ModelSpec, names: Names) -> Served:
    """The model as a stage serves it."""
    return Served.of(names, names.stages.stage("prod"), spec)


def period(name: str, **changed: Any) -> PeriodResult:
    """A period in which nothing happened, but for what is changed."""
    plain: dict[str, Any] = {
        "name": name,
        "requests": 100,
        "version": 1,
        "error": 10.0,
        "frozen_error": 10.0,
        "verdict": "quiet",
        "reasons": (),
        "red": (),
        "answers": (),
        "trainings": (),
        "page": f"{name}.html",
    }
    return PeriodResult(**plain | changed)


def training(**changed: Any) -> Training:
    """A training that ended in a released version, but for what is changed."""
    plain: dict[str, Any] = {
        "trigger": "drift",
        "evidence": "s3://captures/report.html",
        "execution": "automatic-drift-20120202T060000Z",
        "version": 2,
        "failure": None,
        "canary": "promoted",
    }
    return Training(**plain | changed)


@pytest.fixture
def a_period() -> Any:
    return period


@pytest.fixture
def a_training() -> Any:
    return training
