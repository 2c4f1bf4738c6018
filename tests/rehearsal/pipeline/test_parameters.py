from typing import Any

import pytest

from mlops.rehearsal.pipeline.parameters import ParameterError, resolved

DEFINITION = {
    "Parameters": [
        {"Name": "Depth", "Type": "Integer", "DefaultValue": 6},
        {"Name": "Rate", "Type": "Float", "DefaultValue": 0.1},
        {"Name": "Flag", "Type": "Boolean", "DefaultValue": False},
        {"Name": "Status", "Type": "String", "DefaultValue": "A", "EnumValues": ["A", "B"]},
    ]
}


def test_defaults_hold_until_something_is_chosen() -> None:
    assert resolved(DEFINITION, {}) == {"Depth": 6, "Rate": 0.1, "Flag": False, "Status": "A"}


def test_a_chosen_value_takes_the_declared_type() -> None:
    chosen = {"Depth": "3", "Rate": "1e-2", "Flag": "true", "Status": "B"}

    assert resolved(DEFINITION, chosen) == {"Depth": 3, "Rate": 0.01, "Flag": True, "Status": "B"}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"Deep": "3"}, "Deep: the pipeline has no such parameter; allowed: Depth, Flag, Rate"),
        ({"Depth": "many"}, "Depth: 'many' is not of type Integer"),
        ({"Flag": "yes"}, "Flag: 'yes' is not of type Boolean"),
        ({"Status": "C"}, "Status: 'C' is not allowed; allowed: A, B"),
    ],
)
def test_what_the_service_would_refuse_is_refused(chosen: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        resolved(DEFINITION, chosen)


def test_a_parameter_without_any_value_is_refused() -> None:
    with pytest.raises(ParameterError, match="X: has no default"):
        resolved({"Parameters": [{"Name": "X", "Type": "String"}]}, {})
