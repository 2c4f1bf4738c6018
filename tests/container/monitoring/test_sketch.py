import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring.sketch import kll, levels


def _rank(sketch: list[list[float]], value: float) -> int:
    return sum(
        2**level * sum(item <= value for item in items) for level, items in enumerate(sketch)
    )


@given(st.integers(1, 5000), st.integers(2, 64))
def test_the_weights_add_up_to_the_number_of_values(count: int, capacity: int) -> None:
    sketch = levels(np.arange(count, dtype=np.float64), capacity)

    assert sum(2**level * len(items) for level, items in enumerate(sketch)) == count
    assert all(len(items) <= capacity for items in sketch)
    assert all(items == sorted(items) for items in sketch)


@given(st.integers(1, 4000), st.integers(0, 4000))
def test_no_rank_is_off_by_more_than_the_levels_weigh(count: int, value: int) -> None:
    values = np.random.default_rng(count).permutation(count).astype(np.float64)
    sketch = levels(values, 32)
    true = min(value + 1, count)

    assert abs(_rank(sketch, value) - true) < 2 ** len(sketch)


@pytest.mark.parametrize("count", [1000, 100_000])
def test_ranks_of_the_stored_sketch_are_within_half_a_percent(count: int) -> None:
    values = np.random.default_rng(2).normal(size=count)
    sketch = kll(values)["sketch"]["data"]
    worst = max(abs(_rank(sketch, value) - int((values <= value).sum())) for value in values[:300])

    assert worst / count <= 0.005


def test_buckets_span_the_values_and_count_each_once() -> None:
    buckets = kll(np.array([0.0, 1.0, 10.0]))["buckets"]

    assert [bucket["count"] for bucket in buckets] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (buckets[0]["lower_bound"], buckets[-1]["upper_bound"]) == (0.0, 10.0)
