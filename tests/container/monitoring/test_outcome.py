import math
from typing import Any

import pytest

from mlops.container.monitoring import MonitoringError, Outcome, Schema

REGRESSION = Outcome(problem="regression", prediction="demand")


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), (2.5, 2.5), ("2.5", 2.5), (True, None), ("x", None), (None, None), ("inf", None),
     (10**400, None), ([1], None)],
)  # fmt: skip
def test_a_number_is_read_and_nothing_else(value: object, number: float | None) -> None:
    found = REGRESSION.number(value)

    assert math.isnan(found) if number is None else found == number


@pytest.mark.parametrize(
    ("positive", "value", "number"),
    [
        (True, True, 1.0), (True, "1", 1.0), (True, 0, 0.0), (True, "False", None),
        (True, "yes", None), (True, "false", 0.0), (True, None, None),
        ("yes", "yes", 1.0), ("yes", "no", 0.0),
    ],
)  # fmt: skip
def test_a_class_is_positive_negative_or_neither(
    positive: Any, value: object, number: float | None
) -> None:
    outcome = Outcome(problem="binary-classification", prediction="demand", positive=positive)
    found = outcome.number(value)

    assert math.isnan(found) if number is None else found == number


def test_names_of_the_answers_fields_are_checked(schema: Schema) -> None:
    read = Outcome.read({"problem": "regression", "prediction": "demand"}, schema, source="x")

    assert read == REGRESSION
    with pytest.raises(MonitoringError, match="no field hour; allowed: demand"):
        Outcome.read({"problem": "regression", "prediction": "hour"}, schema, source="x")
    with pytest.raises(MonitoringError, match="remedy: correct or remove the key"):
        Outcome.read({"problem": "regression", "predict": "demand"}, schema, source="x")
