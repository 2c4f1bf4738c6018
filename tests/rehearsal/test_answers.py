from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.contract import Field
from mlops.rehearsal.answers import Tolerance, differences, schema_differences

EXACT = Tolerance(relative=1e-6)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = (
    Field(name="demand", type="number", min=0, max=100),
    Field(name="kind", type="string", allowed=("a", "b")),
)


@settings(max_examples=50, deadline=None)
@given(answer=JSON)
def test_an_answer_is_never_different_from_itself(answer: Any) -> None:
    assert list(differences(answer, answer, EXACT)) == []


@pytest.mark.parametrize(
    ("expected", "found", "tolerance", "message"),
    [
        ({"y": 100.0}, {"y": 100.00001}, EXACT, None),
        ({"y": 100.0}, {"y": 100.001}, EXACT, "answer.y: 100.001 instead of 100"),
        ([1.0], [1.05], Tolerance(relative=0.1), None),
        ([1.0], [1.2], Tolerance(relative=0.1), "answer[0]: 1.2 instead of 1"),
        ([0.0], [4.0], Tolerance(relative=0.0, absolute=5), None),
        ([1, 2], [1], EXACT, "answer: 1 items instead of 2"),
        ({"a": 1}, {}, EXACT, "answer.a: missing"),
        ({}, {"a": 1}, EXACT, "answer.a: unexpected"),
        ({"a": "x"}, {"a": "y"}, EXACT, "answer.a: 'y' instead of 'x'"),
        ({"a": True}, {"a": 1}, EXACT, "answer.a: 1 instead of True"),
        ({"a": None}, {"a": 0}, EXACT, "answer.a: 0 instead of None"),
        ([1.0], [float("nan")], EXACT, "answer[0]: nan instead of 1"),
    ],
)
def test_only_numbers_within_the_tolerance_may_differ(
    expected: Any, found: Any, tolerance: Tolerance, message: str | None
) -> None:
    assert list(differences(expected, found, tolerance)) == ([message] if message else [])


@pytest.mark.parametrize(
    ("found", "objections"),
    [
        ({"predictions": [{"demand": 3, "kind": "a"}]}, []),
        ([{"demand": -1, "kind": "a"}], ["demand: -1 is below 0"]),
        (
            [{"demand": 101.0, "kind": "c"}],
            ["demand: 101 is above 100", "kind: 'c' is not allowed"],
        ),
        ([{"demand": float("nan"), "kind": "b"}], ["demand: nan is no finite number"]),
        ([{"demand": None, "kind": "b"}], ["demand: is null"]),
        ([{"demand": "3", "kind": "b"}], ["demand: '3' is no finite number"]),
        ([{"demand": 1}], ["kind: missing"]),
    ],
)
def test_an_answer_keeps_the_promises_of_its_schema(found: Any, objections: list[str]) -> None:
    assert list(schema_differences(found, FIELDS)) == objections
