"""An answer is the recorded one in shape and text, and close in numbers."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.rollout.probes import CSV, Case, Tolerance, differences, objection

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
    assert list(differences(recorded, answer, CLOSE)) == []


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
    assert list(differences(recorded, answer, CLOSE)) != []


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


ROW = Case(name="row", request={"x": 1}, response={"y": 100.0})
TABLE = Case(name="table", request="x\n1\n", response="y,label\n100.0,hot\n", accept=CSV)
RIGHT = b'{"y": 100.00001}'


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_the_recorded_answer_is_met_with_no_objection(content_type: str) -> None:
    assert objection(ROW, RIGHT, content_type, EXACT) is None


def test_csv_is_read_and_not_compared_as_text() -> None:
    assert objection(TABLE, b"y,label\r\n1e2,hot\r\n", "text/csv", EXACT) is None


@pytest.mark.parametrize(
    ("case", "body", "content_type", "problem"),
    [
        (ROW, b"", "application/json", "is not application/json"),
        (ROW, RIGHT[:-1], "application/json", "is not application/json"),
        (ROW, b"\xff", "application/json", "is not application/json"),
        (ROW, RIGHT, "text/html; charset=utf-8", "is text/html instead of application/json"),
        (ROW, RIGHT, "", "is of no content type instead of application/json"),
        (ROW, RIGHT + 20_000 * b" ", "application/json", "has more than"),
        (ROW, 3_000 * b"[", "application/json", "is not application/json"),
        (ROW, b'{"y": 101}', "application/json", "answer.y: 101 instead of 100"),
        (TABLE, b"", "text/csv", "0 items instead of 2"),
        (TABLE, b"y,label\n", "text/csv", "1 items instead of 2"),
        (TABLE, b"y,label\n101,hot\n", "text/csv", "101 instead of 100"),
        (TABLE, b"y,label\n100,cold\n", "text/csv", "'cold' instead of 'hot'"),
        (TABLE, b"y,label\nnan,hot\n", "text/csv", "'nan' instead of 100"),
        (TABLE, b'[{"y": 100.0}]', "application/json", "is application/json instead of text/csv"),
    ],
)
def test_an_answer_that_a_caller_could_not_use_is_wrong(
    case: Case, body: bytes, content_type: str, problem: str
) -> None:
    assert problem in str(objection(case, body, content_type, EXACT))


def test_the_same_request_in_another_form_is_another_case() -> None:
    assert TABLE.asks_what(Case(name="other", request="x\n1\n", response="", accept=CSV))
    assert not TABLE.asks_what(Case(name="table", request="x\n1\n", response="[]"))
    assert not TABLE.asks_what(Case(name="table", request="x\n2\n", response="", accept=CSV))
