from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring import Baseline, Field
from mlops.container.monitoring.bins import CategoryBins, NumberBins
from mlops.container.monitoring.field_summary import FieldSummary, Frame

NUMBER = Field(name="t", type="number")
WORD = Field(name="w", type="string")
NUMBERS = st.lists(st.one_of(st.none(), st.floats(-100, 100)), max_size=40)
WORDS = st.lists(st.one_of(st.none(), st.sampled_from("abcxyz")), max_size=40)


def _frame(field: Field) -> Frame:
    if field is NUMBER:
        values = np.linspace(-50, 50, 200)
        bins: Any = NumberBins.from_values(values)
        cells = bins.cells(values)
    else:
        bins = CategoryBins.from_values(list("aabbc"))
        cells = bins.cells(list("aabbc"))
    return Frame(field=field, bins=bins, baseline=np.bincount(cells, minlength=bins.size))


def _of(field: Field, values: list[Any], first_request: int = 0) -> FieldSummary:
    requests = first_request + np.arange(len(values)) // 2
    return FieldSummary.of(_frame(field), values, requests.astype(np.int64))


def _figures(summary: FieldSummary) -> list[Any]:
    groups, presence, novelty = summary.groups, summary.presence, summary.novelty
    return [
        summary.counts.tolist(), summary.unseen, summary.faults,
        *((c.counts.tolist(), c.squares.tolist(), c.crosses.tolist(), c.total_squares, c.requests)
          for c in (groups, presence, novelty)),
    ]  # fmt: skip


@pytest.mark.parametrize("field", [NUMBER, WORD], ids=["number", "word"])
@given(data=st.data())
def test_merging_is_associative_and_commutative(field: Field, data: st.DataObject) -> None:
    values = NUMBERS if field is NUMBER else WORDS
    a, b, c = (_of(field, data.draw(values), 100 * n) for n in range(3))

    left, right, turned = a.merged(b).merged(c), a.merged(b.merged(c)), c.merged(a).merged(b)

    assert _figures(left) == _figures(right) == _figures(turned)
    assert left.moments.mean == pytest.approx(right.moments.mean)
    assert left.moments.squares == pytest.approx(turned.moments.squares, abs=1e-6)


@given(NUMBERS, NUMBERS)
def test_parts_merge_to_the_summary_of_the_whole(
    one: list[float | None], two: list[float | None]
) -> None:
    one = one[: len(one) // 2 * 2]  # whole requests
    whole = _of(NUMBER, [*one, *two])

    assert _figures(_of(NUMBER, one).merged(_of(NUMBER, two, len(one) // 2))) == _figures(whole)


def test_nulls_count_as_missing_and_not_as_values() -> None:
    summary = _of(NUMBER, [1.0, None, None, 70.0])

    assert summary.presence.counts.tolist() == [2, 2]
    assert summary.groups.rows == 2
    assert summary.novelty.counts.tolist() == [1, 1]
    assert summary.moments.high == 70.0


def test_categories_that_the_baseline_never_saw_are_counted_by_name() -> None:
    summary = _of(WORD, ["a", "zz", "zz", "q", None])

    assert summary.novelty.counts.tolist() == [3, 1]
    assert summary.unseen.most_frequent(2) == [("zz", 2), ("q", 1)]


def test_the_groups_of_tests_hold_the_same_rows_as_the_bins(baseline: Baseline) -> None:
    frame = baseline.frames["temperature"]
    counts = np.arange(frame.bins.size)

    grouped = frame.grouped(counts)

    assert grouped.sum() == counts.sum()
    assert grouped[0] == 0
    assert grouped[-1] == counts[-1]
    assert len(grouped) == frame.group_count == 12
