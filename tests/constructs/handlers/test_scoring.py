"""An answer is the recorded one in shape and text, and close in numbers."""

import pytest

from mlops_constructs.handlers.contract import Tolerance
from mlops_constructs.handlers.scoring import agrees

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
    ],
)
def test_what_differs_does_not(answer: object, recorded: object) -> None:
    assert not agrees(answer, recorded, CLOSE)
