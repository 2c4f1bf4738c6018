import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring import bins
from mlops.container.monitoring.bins import CategoryBins, NumberBins, text_of

VALUES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400)


def _counts(found: NumberBins, values: list[float]) -> list[int]:
    cells = found.cells(np.array(values, dtype=np.float64))
    return np.bincount(cells, minlength=found.size).tolist()


@given(VALUES)
def test_the_baseline_itself_lies_within_its_bins(values: list[float]) -> None:
    found = NumberBins.from_values(np.array(values))
    counts = _counts(found, values)

    assert counts[0] == counts[-1] == 0
    assert sum(counts) == len(values)
    assert min(counts[1:-1]) > 0
    assert found.size <= bins.FINE_BINS + 2


@given(VALUES, st.floats(-1e9, 1e9))
def test_a_value_lies_between_the_edges_of_its_bin(values: list[float], value: float) -> None:
    found = NumberBins.from_values(np.array(values))
    cell = int(found.cells(np.array([value]))[0])
    edges = [-np.inf, *found.edges, np.inf]

    assert edges[cell] < value <= edges[cell + 1]


def test_bins_of_continuous_values_hold_equal_shares() -> None:
    values = np.random.default_rng(1).normal(size=10_000)
    found = NumberBins.from_values(values)

    assert found.size == bins.FINE_BINS + 2
    # A rank that is a whole number may be rounded either way.
    assert set(_counts(found, values.tolist())[1:-1]) <= {99, 100, 101}


def test_a_value_that_repeats_is_a_bin_of_its_own() -> None:
    values = [0.0] * 60 + [float(n) for n in range(1, 41)]
    found = NumberBins.from_values(np.array(values))

    assert _counts(found, values)[1] == 60
    assert _counts(found, [-0.5, 0.0, 0.5])[:3] == [1, 1, 1]


def test_of_one_value_what_lies_beside_it_is_unseen() -> None:
    found = NumberBins.from_values(np.full(50, 7.0))

    assert _counts(found, [6.999, 7.0, 7.001]) == [1, 1, 1]
    assert found.unseen == (0, 2)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=300))
def test_groups_follow_the_order_and_hold_about_a_tenth_each(values: list[int]) -> None:
    numbers = [float(value) for value in values]
    found = NumberBins.from_values(np.array(numbers))
    counts = np.array(_counts(found, numbers))
    groups = found.coarse(counts)

    assert (np.diff(groups) >= 0).all()
    assert (np.diff(groups) <= 1).all()
    assert groups[0] == 0 < groups[1]
    assert groups[-2] < groups[-1]
    assert groups[-1] <= bins.COARSE_BINS + 1
    # No group is larger than a tenth and the bins that it cannot split.
    for group in range(1, groups[-1]):
        held = counts[groups == group]
        assert held.sum() <= len(values) / 10 + 2 * held.max()


def test_the_most_frequent_categories_have_a_cell_and_the_others_share_one() -> None:
    words = [f"w{n:03}" for n in range(bins.CATEGORIES + 50)]
    found = CategoryBins.from_values([*words, *words[: bins.CATEGORIES]])

    assert found.categories == tuple(words[: bins.CATEGORIES])
    assert found.cells([words[3], words[-1], "never"]).tolist() == [3, 200, 200]
    assert found.unseen == (200,)
    assert found.coarse(np.arange(201)).tolist() == list(range(201))


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), ("Yes", "Yes")])
def test_truth_is_written_as_json_does(value: object, text: str) -> None:
    assert text_of(value) == text
