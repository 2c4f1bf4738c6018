from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from level import BOUNDS, WIDTH_DAYS, Level

START = date(2011, 1, 1)


def rows_over(days: int, *, per_day: int = 3) -> list[dict[str, object]]:
    return [
        {"date": (START + timedelta(days=day)).isoformat()}
        for day in range(days)
        for _ in range(per_day)
    ]


def measured(rows, ratio) -> Level:
    expected = np.full(len(rows), 100.0)
    return Level.measured(rows, expected * ratio, expected)


def test_where_nothing_grows_every_label_stays_as_it_is():
    rows = rows_over(365)

    assert measured(rows, 1.0).factors(rows) == pytest.approx(np.ones(len(rows)))


def test_labels_from_before_a_doubling_are_doubled_and_those_after_it_are_not():
    rows = rows_over(400)
    ratio = np.where(np.arange(len(rows)) < 600, 0.5, 1.0)

    factors = measured(rows, ratio).factors(rows)

    assert factors[0] == pytest.approx(2.0, rel=0.01)
    assert factors[-1] == pytest.approx(1.0)
    assert 1.2 < factors[600] < 1.6
    assert np.all(np.diff(factors) <= 1e-9)


def test_demand_that_shrinks_is_followed_as_well():
    rows = rows_over(400)
    ratio = np.where(np.arange(len(rows)) < 600, 2.0, 1.0)

    assert measured(rows, ratio).factors(rows)[0] == pytest.approx(0.5, rel=0.01)


def test_one_strange_day_moves_the_level_of_its_month_by_little():
    rows = rows_over(365)
    ratio = np.ones(len(rows))
    ratio[500:503] = 0.0

    assert measured(rows, ratio).factors(rows)[500] < 1.03


def test_few_rows_are_no_evidence_of_a_level():
    rows = rows_over(5)

    assert measured(rows, 3.0).factors(rows_over(365)) == pytest.approx(np.ones(3 * 365))


def test_a_day_far_from_every_measured_one_keeps_its_label():
    rows = rows_over(100)
    far = {"date": (START + timedelta(days=int(100 + 12 * WIDTH_DAYS))).isoformat()}

    ratio = np.linspace(0.5, 1.0, len(rows))
    assert measured(rows, ratio).factors([far]) == pytest.approx([1.0])


def test_nothing_measured_changes_nothing():
    empty = Level.measured([], np.array([]), np.array([]))

    assert empty.factors(rows_over(2)) == pytest.approx(np.ones(6))


def test_no_step_is_larger_than_data_can_be_right_about():
    rows = rows_over(600)
    ratio = np.where(np.arange(len(rows)) < 900, 0.01, 1.0)

    factors = measured(rows, ratio).factors(rows)

    assert factors.max() == BOUNDS[1]


def test_a_month_without_a_single_rental_leaves_no_infinite_label():
    rows = rows_over(600)
    ratio = np.where(np.arange(len(rows)) < 1500, 0.0, 1.0)

    factors = measured(rows, ratio).factors(rows)

    assert np.isfinite(factors).all()
