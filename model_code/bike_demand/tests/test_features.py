from __future__ import annotations

import math

import numpy as np
import pytest

import features

ROW = {
    "month": 3, "day": 1, "hour": 8, "weekday": "Tue", "holiday": False, "weather": "Mist",
    "temperature": 10.5, "feels_like": 9.0, "humidity": 50.0, "windspeed": 7.0,
}  # fmt: skip


def column(name: str, **changed: object) -> float:
    return float(features.matrix([ROW | changed])[0, features.FEATURES.index(name)])


def test_a_row_becomes_one_line_of_features_in_their_order():
    line = features.matrix([ROW])

    assert line.tolist() == [[60, 8, 1, 0, 1, 1, 10.5, 9, 50, 7]]
    assert line.dtype == np.float32


def test_no_row_becomes_an_empty_matrix_of_the_right_width():
    assert features.matrix([]).shape == (0, len(features.FEATURES))


@pytest.mark.parametrize(("month", "day", "expected"), [(1, 1, 1), (2, 29, 60), (12, 31, 365)])
def test_the_day_of_the_year_counts_from_new_year(month, day, expected):
    assert column("day_of_year", month=month, day=day) == expected


@pytest.mark.parametrize(
    ("weekday", "holiday", "expected"), [("Fri", False, 1), ("Fri", True, 0), ("Sat", False, 0)]
)
def test_a_working_day_is_neither_weekend_nor_holiday(weekday, holiday, expected):
    assert column("working_day", weekday=weekday, holiday=holiday) == expected


@pytest.mark.parametrize("name", ["weather", *features.MEASUREMENTS])
def test_what_is_unknown_is_not_a_number(name):
    assert math.isnan(column(name, **{name: None}))


def test_weather_is_ordered_from_best_to_worst():
    assert [column("weather", weather=name) for name in features.WEATHER] == [0, 1, 2, 3]


def test_a_date_is_possible_when_some_year_has_it():
    found = [features.impossible_date({"month": 2, "day": day}) for day in (1, 29, 30)]

    assert found == [None, None, "day is 30; allowed: a day that month 2 has"]


def test_features_depend_on_their_own_row_only():
    rows = [ROW, ROW | {"hour": 23, "temperature": None}]

    assert np.array_equal(features.matrix(rows)[:1], features.matrix(rows[:1]))
