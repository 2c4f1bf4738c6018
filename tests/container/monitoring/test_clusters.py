import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring.clusters import ClusteredCounts

REQUESTS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), max_size=12)


def _counts(requests: list[list[int]], size: int = 4) -> ClusteredCounts:
    cells = np.array([cell for request in requests for cell in request], dtype=np.int64)
    members = np.repeat(np.arange(len(requests)), [len(request) for request in requests])
    return ClusteredCounts.of(cells, members.astype(np.int64), size)


def _same(one: ClusteredCounts, other: ClusteredCounts) -> bool:
    return (
        one.counts.tolist() == other.counts.tolist()
        and one.squares.tolist() == other.squares.tolist()
        and one.crosses.tolist() == other.crosses.tolist()
        and (one.total_squares, one.requests) == (other.total_squares, other.requests)
    )


@given(REQUESTS)
def test_the_sums_are_what_their_names_say(requests: list[list[int]]) -> None:
    found = _counts(requests)

    for cell in range(4):
        held = [request.count(cell) for request in requests]
        assert found.counts[cell] == sum(held)
        assert found.squares[cell] == sum(n * n for n in held)
        pairs = zip(held, requests, strict=True)
        assert found.crosses[cell] == sum(n * len(request) for n, request in pairs)
    assert found.total_squares == sum(len(request) ** 2 for request in requests)
    assert found.requests == len(requests)


@given(REQUESTS, REQUESTS, REQUESTS)
def test_merging_parts_equals_counting_the_whole_in_any_order(
    one: list[list[int]], two: list[list[int]], three: list[list[int]]
) -> None:
    a, b, c = _counts(one), _counts(two), _counts(three)

    assert _same(a.merged(b).merged(c), _counts([*one, *two, *three]))
    assert _same(a.merged(b.merged(c)), c.merged(a).merged(b))


@given(REQUESTS)
def test_a_cell_against_the_rest_is_the_same_rows_as_two_cells(requests: list[list[int]]) -> None:
    as_two = [[0 if cell == 2 else 1 for cell in request] for request in requests]

    assert _same(_counts(requests).cell(2), _counts(as_two, size=2))


def test_rows_that_came_alone_have_no_design_effect() -> None:
    alone = _counts([[n % 4] for n in range(40)])

    assert alone.design_effect == 1.0
    assert alone.effective_rows == 40


def test_requests_of_identical_rows_count_once_each() -> None:
    draw = np.random.default_rng(3)
    copies = _counts([[int(draw.integers(0, 4))] * 8 for _ in range(4000)])

    assert copies.design_effect == pytest.approx(8.0, rel=0.01)
    assert copies.effective_rows == pytest.approx(4000, rel=0.01)


def test_requests_of_unrelated_rows_count_every_row() -> None:
    draw = np.random.default_rng(4)
    unrelated = _counts([draw.integers(0, 4, 8).tolist() for _ in range(4000)])

    assert unrelated.design_effect == pytest.approx(1.0, abs=0.05)


def test_the_effect_predicts_how_much_a_share_really_varies() -> None:
    """Half of each request's rows repeat its first one: the variance is measured, not derived."""
    draw = np.random.default_rng(5)

    def requests(count: int) -> list[list[int]]:
        first = draw.integers(0, 2, count)
        own = draw.integers(0, 2, (count, 5))
        return [[int(f)] * 5 + rows.tolist() for f, rows in zip(first, own, strict=True)]

    shares = [np.mean(requests(100)) for _ in range(2000)]
    measured = np.var(shares) / (0.25 / 1000)

    assert _counts(requests(20_000), size=2).design_effect == pytest.approx(measured, rel=0.1)


def test_the_small_sample_factor_is_that_of_a_sample_variance() -> None:
    found = _counts([[0, 0], [1, 1], [0, 1]], size=2)

    # By hand: shares of the requests are 1, 0, 1/2; their variance with 2 in the denominator.
    assert found.design_effect == pytest.approx(0.25 / 3 / (0.25 / 6))


@pytest.mark.parametrize(
    ("requests", "effect"),
    [([], 1.0), ([[1, 1, 2, 3]], 4.0), ([[1, 1], [1, 1, 1, 1]], 20 / 6)],
    ids=["nothing", "one request", "one cell"],
)
def test_where_nothing_tells_how_alike_rows_are_they_count_as_copies(
    requests: list[list[int]], effect: float
) -> None:
    assert _counts(requests).design_effect == pytest.approx(effect)
