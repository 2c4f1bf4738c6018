import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlops.container.monitoring.distances import Pair
from mlops.container.monitoring.significance import (
    chi_squared_p,
    either,
    kolmogorov_smirnov_p,
    more_than_before_p,
    q_values,
)

MANY = 10**9
TABLES = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=3, max_size=12)


@given(TABLES)
def test_with_many_requests_the_test_is_pearsons(cells: list[tuple[int, int]]) -> None:
    baseline, window = (np.array(side) for side in zip(*cells, strict=True))
    expected = stats.chi2_contingency([baseline, window], correction=False).pvalue

    assert chi_squared_p(Pair.of(baseline, window), MANY) == pytest.approx(expected, rel=1e-4)


@given(TABLES, st.integers(2, 50))
def test_few_requests_make_a_difference_less_surprising(
    cells: list[tuple[int, int]], requests: int
) -> None:
    pair = Pair.of(*(np.array(side) for side in zip(*cells, strict=True)))
    many = chi_squared_p(pair, MANY)

    assert many > 0.3 or chi_squared_p(pair, requests) >= many


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 40), st.integers(1, 60))
def test_two_cells_are_tested_exactly_and_on_the_careful_side(
    a: int, b: int, c: int, d: int
) -> None:
    expected = stats.fisher_exact([[a, b], [c, d]]).pvalue
    pair = Pair(baseline=np.array([a, b], dtype=float), window=np.array([c, d], dtype=float))
    found = chi_squared_p(pair, MANY)

    assert found >= expected - 1e-9
    assert found <= 2 * expected + 1e-9


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 40), st.integers(1, 60))
def test_a_share_that_rose_is_tested_like_fisher(a: int, b: int, c: int, d: int) -> None:
    expected = stats.fisher_exact([[c, d], [a, b]], alternative="greater").pvalue

    assert more_than_before_p((a, a + b), (c, c + d)) == pytest.approx(expected, abs=1e-9)


def test_nothing_is_surprising_about_nothing() -> None:
    empty = Pair(baseline=np.array([3.0, 4.0, 5.0]), window=np.zeros(3))
    single = Pair(baseline=np.array([3.0]), window=np.array([5.0]))

    assert chi_squared_p(empty, 5) == chi_squared_p(single, 5) == 1.0
    assert kolmogorov_smirnov_p(empty) == 1.0
    assert more_than_before_p((0, 0), (1, 2)) == more_than_before_p((1, 2), (0, 0)) == 1.0


@pytest.mark.parametrize(("shift", "rows"), [(0.0, 150), (0.5, 150), (0.2, 900), (1.5, 60)])
def test_over_the_values_themselves_the_test_is_scipys(shift: float, rows: int) -> None:
    draw = np.random.default_rng(7)
    before, now = draw.normal(size=2000), draw.normal(shift, size=rows)
    # A cell between any two neighbours: the distance is then that of the values.
    places = np.searchsorted(np.sort(np.concatenate([before, now])), before)
    others = np.searchsorted(np.sort(np.concatenate([before, now])), now)
    size = len(before) + len(now)
    pair = Pair(
        baseline=np.bincount(places, minlength=size).astype(float),
        window=np.bincount(others, minlength=size).astype(float),
    )

    expected = stats.ks_2samp(before, now, method="asymp").pvalue
    assert kolmogorov_smirnov_p(pair) == pytest.approx(expected, rel=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_q_values_are_scipys(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values)

    assert q_values(p_values) == pytest.approx(expected.tolist())


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0.001, 0.2))
def test_as_many_are_rejected_as_benjamini_and_hochberg_reject(
    p_values: list[float], rate: float
) -> None:
    """The step-up procedure as the paper has it: the largest k with p(k) <= k/m rate."""
    ordered, count = sorted(p_values), len(p_values)
    passing = [k for k in range(1, count + 1) if ordered[k - 1] <= k / count * rate]
    rejected = sum(q <= rate for q in q_values(p_values))

    # A p-value at the bound itself may fall either way by rounding.
    assert rejected == max(passing, default=0) or any(
        abs(ordered[k - 1] - k / count * rate) < 1e-12 for k in range(1, count + 1)
    )


def test_the_chance_of_any_alarm_is_the_rate_where_nothing_drifts() -> None:
    draw = np.random.default_rng(1)
    hits = sum(min(q_values(draw.random(20).tolist())) <= 0.05 for _ in range(4000))

    assert hits / 4000 == pytest.approx(0.05, abs=0.01)


def test_of_two_tests_either_may_speak_and_pays_for_the_other() -> None:
    assert either(0.01, 0.5) == 0.02
    assert either(0.9, 0.8) == 1.0
