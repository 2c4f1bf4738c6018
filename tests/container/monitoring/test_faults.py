from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring import Field
from mlops.container.monitoring.faults import Faults, checked

NUMBER = Field(name="t", type="number", min=-25, max=50)
INTEGER = Field(name="h", type="integer", allowed=(1, 2, 3))
WORD = Field(name="w", type="string", allowed=("Mon", "Tue"))
TRUTH = Field(name="b", type="boolean")
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**400), 10**400), st.floats(), st.text(max_size=3)
)


def _counted(field: Field, values: list[Any]) -> tuple[int, int, int, int]:
    faults = checked(field, values, absent=0).faults
    return faults.null, faults.type, faults.range, faults.domain


@pytest.mark.parametrize(
    ("field", "values", "counted"),
    [
        (NUMBER, [1, 2.5, -25, 50], (0, 0, 0, 0)),
        (NUMBER, [None, "1", True, float("nan"), float("inf"), 10**400], (1, 5, 0, 0)),
        (NUMBER, [51, -25.1, None], (1, 0, 2, 0)),
        (INTEGER, [1, 4, 2.0, None], (1, 1, 0, 1)),
        (WORD, ["Mon", "Wed", 7, None], (1, 1, 0, 1)),
        (TRUTH, [True, False, 1, "true", None], (1, 2, 0, 0)),
    ],
)
def test_each_kind_of_fault_is_counted_apart(
    field: Field, values: list[Any], counted: tuple[int, int, int, int]
) -> None:
    assert _counted(field, values) == counted


def test_values_of_another_type_are_left_out_and_those_out_of_range_stay() -> None:
    found = checked(NUMBER, [1.0, "x", None, 99.0], absent=0)

    assert found.numbers.tolist() == [1.0, 99.0]
    assert found.usable.tolist() == [True, False, False, True]
    assert found.null.tolist() == [False, False, True, False]


def test_an_integer_beyond_every_float_is_a_fault_and_not_an_error() -> None:
    found = checked(NUMBER, [10**400, 1], absent=0)

    assert found.numbers.tolist() == [1.0]
    assert found.faults.type == 1


def test_examples_are_few_short_and_the_same_in_any_order() -> None:
    values = ["z" * 500, "b", "a", "c", "a"]

    one = checked(NUMBER, values, absent=0).faults
    other = checked(NUMBER, values[::-1], absent=0).faults

    assert one.examples == other.examples == ("'a'", "'b'", "'c'")
    (long,) = checked(NUMBER, values[:1], absent=0).faults.examples
    assert len(long) < 70


@given(st.lists(ANYTHING, max_size=30), st.sampled_from([NUMBER, INTEGER, WORD, TRUTH]))
def test_every_row_is_usable_null_or_of_another_type(values: list[Any], field: Field) -> None:
    found = checked(field, values, absent=0)

    assert int(found.usable.sum()) + found.faults.null + found.faults.type == len(values)
    assert len(found.numbers) + len(found.words) == int(found.usable.sum())
    assert np.isfinite(found.numbers).all()


@given(st.lists(ANYTHING, max_size=30), st.lists(ANYTHING, max_size=30))
def test_faults_of_parts_add_up_to_those_of_the_whole(one: list[Any], two: list[Any]) -> None:
    parts = checked(NUMBER, one, absent=1).faults.merged(checked(NUMBER, two, absent=2).faults)

    assert parts == checked(NUMBER, [*one, *two], absent=3).faults
    assert parts.merged(Faults()) == parts
