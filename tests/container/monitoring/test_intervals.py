import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlops.container.monitoring.clusters import ClusteredCounts
from mlops.container.monitoring.intervals import (
    Interval,
    bootstrap,
    newcombe,
    share_interval,
    wilson,
)

Floats = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@given(st.integers(1, 500), st.data())
def test_wilsons_interval_is_scipys(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")

    found = wilson(successes, trials)

    assert found.value == successes / trials
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(
    ("left", "right", "low", "high"),
    # Newcombe 1998, table II, examples (a), (b), (c) and (h), method 10.
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_the_difference_of_shares_is_as_published(
    left: tuple[int, int], right: tuple[int, int], low: float, high: float
) -> None:
    found = newcombe(wilson(*left), wilson(*right))

    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_rows_of_one_request_widen_the_interval_of_a_share() -> None:
    cells = np.repeat(np.arange(100) % 2, 10)
    together = ClusteredCounts.of(cells, np.repeat(np.arange(100), 10), 2)
    alone = ClusteredCounts.of(cells, np.arange(1000), 2)

    wide, narrow = share_interval(together), share_interval(alone)

    assert wide.value == narrow.value == 0.5
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert ratio == pytest.approx(math.sqrt(10), rel=0.05)


def _mean(sums: Floats) -> Floats:
    return sums[:, 1:2] / sums[:, :1]


def test_the_bootstraps_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(5, 2, 1500)
    sums = np.stack([np.ones_like(values), values], axis=1)

    (found,) = bootstrap(sums, _mean)

    half = 1.96 * values.std() / math.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.08)
    assert bootstrap(sums, _mean) == [found]
    assert bootstrap(sums, _mean, seed=2) != [found]


def test_many_requests_are_put_together_without_losing_their_spread() -> None:
    values = np.random.default_rng(2).normal(0, 1, 50_000)
    sums = np.stack([np.ones_like(values), values], axis=1)

    (found,) = bootstrap(sums, _mean)

    half = 1.96 / math.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)


@pytest.mark.parametrize("size", [1, 8])
def test_nineteen_of_twenty_intervals_hold_the_truth_whether_rows_come_alone_or_not(
    size: int,
) -> None:
    draw = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        effect = draw.normal(0, 1, (60, 1)) if size > 1 else np.zeros((60, 1))
        values = effect + draw.normal(0, 1, (60, size))
        sums = np.stack([np.full(60, size), values.sum(axis=1)], axis=1)
        (found,) = bootstrap(sums.astype(float), _mean)
        held += found.low <= 0 <= found.high

    assert 0.89 <= held / 200 <= 0.99


def test_a_figure_that_some_resamples_lack_is_still_bounded() -> None:
    """One request of two holds the only row of a class."""

    def share(sums: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return sums[:, 1:2] / sums[:, :1]

    (found,) = bootstrap(np.array([[0.0, 0.0], [2.0, 1.0], [0.0, 0.0]]), share)

    assert found == Interval(value=0.5, low=0.5, high=0.5)
