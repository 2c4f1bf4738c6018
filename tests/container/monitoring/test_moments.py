import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring.moments import Moments

VALUES = st.lists(st.floats(-1e6, 1e6), max_size=50)


def _of(values: list[float]) -> Moments:
    return Moments.of(np.array(values, dtype=np.float64))


def _close(one: Moments, other: Moments) -> bool:
    exact = (one.count, one.low, one.high) == (other.count, other.low, other.high)
    scale = max(1.0, abs(one.low), abs(one.high)) if one.count else 1.0
    return (
        exact
        and math.isclose(one.mean, other.mean, rel_tol=1e-9, abs_tol=1e-9 * scale)
        and math.isclose(one.squares, other.squares, rel_tol=1e-7, abs_tol=1e-7 * scale**2)
    )


@given(VALUES, VALUES, VALUES)
def test_merging_is_associative_and_commutative_and_equals_the_whole(
    one: list[float], two: list[float], three: list[float]
) -> None:
    a, b, c = _of(one), _of(two), _of(three)

    assert _close(a.merged(b).merged(c), a.merged(b.merged(c)))
    assert _close(a.merged(b).merged(c), c.merged(b).merged(a))
    assert _close(a.merged(b).merged(c), _of([*one, *two, *three]))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_the_figures_are_numpys(values: list[float]) -> None:
    found = _of(values)

    assert found.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert found.variance == pytest.approx(np.var(values), abs=1e-3)
    assert found.deviation == pytest.approx(np.std(values), abs=1e-3)
    assert (found.low, found.high) == (min(values), max(values))


def test_a_small_variance_far_from_zero_survives_a_thousand_merges() -> None:
    """Sums of squares would lose it: 1e9 squared leaves no digit for a variance of 1."""
    values = 1e9 + np.random.default_rng(1).normal(0, 1, 20_000)

    merged = Moments()
    for part in np.split(values, 1000):
        merged = merged.merged(Moments.of(part))

    assert merged.variance == pytest.approx(np.var(values), rel=1e-6)
    naive = np.mean(values**2) - np.mean(values) ** 2
    assert abs(naive / np.var(values) - 1) > 0.01


def test_of_nothing_there_is_no_variance_and_merging_it_changes_nothing() -> None:
    some = _of([1.0, 2.0])

    assert Moments().variance == 0.0
    assert Moments().merged(some) == some.merged(Moments()) == some
    assert Moments().merged(Moments()).count == 0
