import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from mlops.container.monitoring.bins import NumberBins
from mlops.container.monitoring.distances import (
    Pair,
    chance_psi,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
    unresolved,
)

COUNTS = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=15
).filter(lambda cells: all(sum(side) > 0 for side in zip(*cells, strict=True)))


def _pair(cells: list[tuple[int, int]]) -> Pair:
    return Pair.of(*(np.array(side) for side in zip(*cells, strict=True)))


@given(COUNTS)
def test_psi_is_the_symmetric_relative_entropy_of_the_filled_shares(
    cells: list[tuple[int, int]],
) -> None:
    pair = _pair(cells)
    p, q = ((side + 0.5) / (side.sum() + 0.5 * len(side)) for side in (pair.baseline, pair.window))

    assert psi(pair) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), abs=1e-12)


def test_psi_by_hand() -> None:
    pair = Pair.of(np.array([5e8, 5e8]), np.array([7.5e8, 2.5e8]))

    assert psi(pair) == pytest.approx(0.25 * math.log(1.5) - 0.25 * math.log(0.5))


@given(COUNTS)
def test_jensen_shannon_is_scipys(cells: list[tuple[int, int]]) -> None:
    pair = _pair(cells)

    expected = distance.jensenshannon(pair.baseline, pair.window, base=2)
    assert jensen_shannon(pair) == pytest.approx(expected, abs=1e-7)


def test_disjoint_distributions_are_one_apart() -> None:
    assert jensen_shannon(Pair.of(np.array([9, 0]), np.array([0, 4]))) == pytest.approx(1.0)


@given(COUNTS)
def test_distances_are_symmetric_and_none_to_oneself(cells: list[tuple[int, int]]) -> None:
    pair = _pair(cells)
    turned = Pair(baseline=pair.window, window=pair.baseline)
    own = Pair(baseline=pair.baseline, window=3 * pair.baseline)

    for measure in (jensen_shannon, kolmogorov_smirnov):
        assert measure(pair) == pytest.approx(measure(turned))
        assert measure(own) == pytest.approx(0.0, abs=1e-7)
    assert psi(pair) == pytest.approx(psi(turned))


def test_the_distance_of_distribution_functions_needs_no_bins_where_values_are_few() -> None:
    draw = np.random.default_rng(1)
    before, now = draw.integers(0, 24, 5000), draw.binomial(23, 0.55, 700)
    bins = NumberBins.from_values(before.astype(float))
    pair = Pair.of(*(
        np.bincount(bins.cells(values.astype(float)), minlength=bins.size)
        for values in (before, now)
    ))  # fmt: skip

    assert kolmogorov_smirnov(pair) == pytest.approx(stats.ks_2samp(before, now).statistic)


@given(st.integers(0, 10_000), st.floats(0, 2), st.floats(0.3, 3))
def test_the_binned_distance_lies_below_that_of_the_values_by_no_more_than_it_says(
    seed: int, shift: float, scale: float
) -> None:
    draw = np.random.default_rng(seed)
    before, now = draw.normal(size=800), draw.normal(shift, scale, size=300)
    bins = NumberBins.from_values(before)
    pair = Pair.of(*(
        np.bincount(bins.cells(values), minlength=bins.size) for values in (before, now)
    ))  # fmt: skip
    exact = stats.ks_2samp(before, now).statistic
    binned = kolmogorov_smirnov(pair)

    assert binned <= exact + 1e-12
    assert exact <= binned + unresolved(pair) + 1e-12


def test_what_bins_hide_can_be_as_much_as_they_say() -> None:
    """Equal shares of every bin, and each value of the window at the lower end of its bin."""
    before = np.arange(10_000.0)
    bins = NumberBins.from_values(before)
    now = np.array(bins.edges[:-1]) + 1e-3
    pair = Pair.of(*(
        np.bincount(bins.cells(values), minlength=bins.size) for values in (before, now)
    ))  # fmt: skip

    hidden = stats.ks_2samp(before, now).statistic - kolmogorov_smirnov(pair)

    assert hidden == pytest.approx(unresolved(pair), rel=0.05)


@pytest.mark.parametrize("rows", [200, 1000])
def test_chance_alone_gives_the_psi_that_is_taken_off(rows: int) -> None:
    """Yurdakul's result, by simulation: ten equal cells, a baseline of 5,000."""
    draw = np.random.default_rng(rows)
    found, expected = [], []
    for _ in range(2000):
        pair = Pair.of(draw.multinomial(5000, [0.1] * 10), draw.multinomial(rows, [0.1] * 10))
        found.append(psi(pair))
        expected.append(chance_psi(pair))

    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.05)
    scaled = np.array(found) / Pair.of(np.full(10, 500), np.full(10, rows / 10)).precision
    assert np.quantile(scaled, 0.95) == pytest.approx(stats.chi2.ppf(0.95, 9), rel=0.06)


@given(COUNTS)
def test_pooling_leaves_no_row_out_and_no_cell_too_rare(cells: list[tuple[int, int]]) -> None:
    pair = _pair(cells)
    pooled = pair.pooled()
    total = pooled.baseline.sum() + pooled.window.sum()
    expected = (pooled.baseline + pooled.window) * pooled.window.sum() / total

    assert pooled.baseline.sum() == pair.baseline.sum()
    assert pooled.window.sum() == pair.window.sum()
    assert pooled.cells == 1 or expected.min() >= 5


def test_pooling_takes_the_rarest_cells_and_no_more() -> None:
    pair = Pair.of(np.array([50, 30, 17, 2, 1]), np.array([50, 30, 17, 2, 1]))

    assert sorted(pair.pooled().window.tolist()) == [20, 30, 50]
    assert pair.pooled(least=1.0).cells == 5


def test_cells_that_are_empty_on_both_sides_do_not_count() -> None:
    assert Pair.of(np.array([1, 0, 2]), np.array([1, 0, 0])).cells == 2
