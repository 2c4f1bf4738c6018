"""An answer is the recorded one in shape and text, and close in numbers."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout.probes import Tolerance, agrees, differences

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
CLOSE = Tolerance(relative=0.1, absolute=1.0)


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [
        (105, 100),
        (0.9, 0),
        ({"a": 1.0, "b": "x"}, {"b": "x", "a": 1}),
        ([[1, 2], None], [[1.5, 2], None]),
        (True, True),
    ],
)
def test_what_is_close_agrees(answer: object, recorded: object) -> None:
    assert agrees(answer, recorded, CLOSE)


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [
        (112, 100),
        (float("nan"), 100),
        ("100", 100),
        (True, 1),
        (None, 0),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ([1], [1, 2]),
        ("ab", ["a", "b"]),
        ([1], {"a": 1}),
        ("Clear", "Mist"),
        (10**400, 1.0),
    ],
)
def test_what_differs_does_not(answer: object, recorded: object) -> None:
    assert not agrees(answer, recorded, CLOSE)


@settings(max_examples=50)
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
