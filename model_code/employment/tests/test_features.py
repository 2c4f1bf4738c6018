from __future__ import annotations

import math

import numpy as np
import pytest

import features
from jobs.contract import load_contract

GROWN = {
    "age": 38, "education": 21, "marital_status": "1", "relationship": "0", "disability": False,
    "parents_employment": None, "citizenship": "1", "moved": "1", "military": "4",
    "ancestry": "2", "nativity": "1", "hearing_difficulty": False, "vision_difficulty": True,
    "cognitive_difficulty": False, "sex": "2", "race": "1",
}  # fmt: skip
BABY = GROWN | {
    "age": 0, "education": None, "moved": None, "military": None, "cognitive_difficulty": None,
    "parents_employment": "1",
}  # fmt: skip


def test_a_row_becomes_one_line_of_features_in_their_order():
    line = features.matrix([GROWN])

    assert line.dtype == np.float32
    assert np.nan_to_num(line, nan=-1).tolist() == [
        [38, 21, 1, 0, 0, -1, 1, 1, 4, 2, 1, 0, 1, 0, 2, 1]
    ]


def test_every_field_of_a_request_is_a_feature():
    assert set(load_contract().input_names) == set(features.FEATURES)


def test_no_row_becomes_an_empty_matrix_of_the_right_width():
    assert features.matrix([]).shape == (0, len(features.FEATURES))


def test_what_was_not_asked_is_not_a_number():
    line = dict(zip(features.FEATURES, features.matrix([BABY])[0], strict=True))

    unknown = {name for name, value in line.items() if math.isnan(value)}
    assert unknown == {"education", "moved", "military", "cognitive_difficulty"}


@pytest.mark.parametrize("row", [GROWN, BABY, GROWN | {"age": 17, "parents_employment": "8"}])
def test_answers_that_fit_the_age_are_no_contradiction(row):
    assert features.contradiction(row) is None


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (GROWN | {"military": None}, "military is None at the age of 38; allowed: a value"),
        (GROWN | {"age": 16}, "military is '4' at the age of 16; allowed: null"),
        (BABY | {"education": 1}, "education is 1 at the age of 0; allowed: null"),
        (BABY | {"age": 1}, "moved is None at the age of 1; allowed: a value"),
        (
            GROWN | {"age": 18, "parents_employment": "1"},
            "parents_employment is '1' at the age of 18; allowed: null",
        ),
    ],
)
def test_an_answer_that_contradicts_the_age_is_told(row, told):
    assert features.contradiction(row) == told
