from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from mlops.container.jobs.split import is_later, part_of


def test_the_shares_are_those_that_were_asked_for():
    found = Counter(part_of(f"key {i}", test=0.2, validation=0.1) for i in range(20_000))

    shares = {part: count / 20_000 for part, count in found.items()}
    assert shares == pytest.approx({"train": 0.7, "test": 0.2, "validation": 0.1}, abs=0.01)


def test_a_key_stays_in_its_part_for_good():
    # Written down: a changed hash would move rows from training to test.
    keys = ["2011-05-01 3", "2011-05-01 4", "2015 17", "2015 18"]

    assert [part_of(key, test=0.2, validation=0.1) for key in keys] == [
        "train", "validation", "test", "train",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "end", "later"),
    [
        (date(2011, 12, 31), date(2012, 1, 1), False),
        (date(2012, 1, 1), date(2012, 1, 1), True),
        (date(2012, 1, 1), None, False),
    ],
)
def test_a_row_is_later_from_the_end_of_training_on(day, end, later):
    assert is_later(day, end) is later
