from typing import Any

import pytest

from mlops.contract import Field
from mlops.rehearsal.local_aws.answers import schema_differences

FIELDS = (
    Field(name="demand", type="number", min=0, max=100),
    Field(name="kind", type="string", allowed=("a", "b")),
)


@pytest.mark.parametrize(
    ("found", "objections"),
    [
        ({"predictions": [{"demand": 3, "kind": "a"}]}, []),
        ([{"demand": -1, "kind": "a"}], ["demand: -1 is below 0"]),
        (
            [{"demand": 101.0, "kind": "c"}],
            ["demand: 101 is above 100", "kind: 'c' is not allowed"],
        ),
        ([{"demand": float("nan"), "kind": "b"}], ["demand: nan is not a finite number"]),
        ([{"demand": None, "kind": "b"}], ["demand: is null"]),
        ([{"demand": "3", "kind": "b"}], ["demand: '3' is not a finite number"]),
        ([{"demand": 1}], ["kind: missing"]),
    ],
)
def test_an_answer_keeps_the_promises_of_its_schema(found: Any, objections: list[str]) -> None:
    assert list(schema_differences(found, FIELDS)) == objections
