from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mlops.container.monitoring import Baseline, Schema
from mlops.container.monitoring.comparison import Comparison, compare
from mlops.container.monitoring.field_summary import FieldSummary

Table = dict[str, list[Any]]


def _compared(baseline: Baseline, name: str, values: list[Any], requests: Any = None) -> Comparison:
    asked = np.arange(len(values)) if requests is None else requests
    summary = FieldSummary.of(baseline.frames[name], values, asked)
    return compare(baseline.references[name], summary)


def test_a_shift_moves_every_distance(baseline: Baseline, table: Callable[..., Table]) -> None:
    values = [value + 5 for value in table(1000)["temperature"]]

    shape = _compared(baseline, "temperature", values).shape

    assert shape is not None
    # Two normal distributions one deviation apart: the index of the densities is 1.
    assert shape.psi == pytest.approx(0.95, abs=0.2)
    assert shape.kolmogorov_smirnov == pytest.approx(2 * stats.norm.cdf(0.5) - 1, abs=0.05)
    assert 0.3 < shape.jensen_shannon < 0.5
    assert shape.p_value < 1e-50


def test_of_the_same_population_little_is_left_after_chance(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    shape = _compared(baseline, "temperature", table(300, seed=2)["temperature"]).shape

    assert shape is not None
    assert shape.raw_psi > 0.01
    assert shape.psi < 0.02
    assert shape.p_value > 0.01


def test_categories_have_no_distribution_function(baseline: Baseline) -> None:
    shape = _compared(baseline, "weekday", ["Mon", "Tue"] * 50).shape

    assert shape is not None
    assert shape.kolmogorov_smirnov is None
    assert shape.unresolved is None


def test_without_a_value_there_is_no_shape_but_the_nulls_are_seen(baseline: Baseline) -> None:
    compared = _compared(baseline, "temperature", [None] * 40)

    assert compared.shape is None
    assert compared.missing.now == 1.0
    assert compared.missing.p_value < 1e-20
    assert compared.unseen.p_value == 1.0


def test_rises_are_counted_in_points_of_all_rows(baseline: Baseline) -> None:
    compared = _compared(baseline, "weekday", ["Mon"] * 70 + ["Sun"] * 10 + [None] * 20)

    assert (compared.missing.before, compared.missing.now) == (0.0, pytest.approx(0.2))
    assert compared.missing.least == pytest.approx(0.133, abs=0.001)
    assert compared.unseen.now == pytest.approx(10 / 80)
    assert compared.unseen.before == 0.0


def test_numbers_beyond_the_baseline_are_unseen(baseline: Baseline) -> None:
    compared = _compared(baseline, "temperature", [15.0] * 90 + [99.0] * 6 + [-99.0] * 4)

    assert compared.unseen.now == pytest.approx(0.1)
    assert compared.unseen.p_value < 1e-10


def test_a_constant_that_changes_is_seen(schema: Schema, table: Callable[..., Table]) -> None:
    """All rows lie in one bin of the baseline, and in none of it in the window."""
    baseline = Baseline.of(schema, table(600, hour=[12] * 600))

    shape = _compared(baseline, "hour", [13] * 200).shape

    assert shape is not None
    assert shape.psi > 1
    assert shape.p_value < 1e-50


def test_rows_of_one_request_count_for_less(
    baseline: Baseline, table: Callable[..., Table]
) -> None:
    values = [value for value in table(60, seed=8)["temperature"] for _ in range(10)]
    requests = np.arange(600) // 10

    alone = _compared(baseline, "temperature", values).shape
    together = _compared(baseline, "temperature", values, requests).shape

    assert alone is not None
    assert together is not None
    assert together.rows == alone.rows == 600
    assert together.effective_rows == pytest.approx(60, rel=0.2)
    assert together.p_value > 0.01 > alone.p_value
    assert together.psi < alone.psi


def test_nulls_that_come_in_one_request_surprise_less(baseline: Baseline) -> None:
    values = [15.0] * 180 + [None] * 20

    alone = _compared(baseline, "temperature", values)
    together = _compared(baseline, "temperature", values, np.arange(200) // 20)

    assert alone.missing.p_value < 1e-10 < together.missing.p_value
