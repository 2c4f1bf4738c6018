from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring import bounded
from mlops.container.monitoring.bounded import BoundedCounts

WORDS = st.lists(st.text(max_size=3), max_size=60)


@given(WORDS, WORDS, WORDS)
def test_merging_is_associative_and_commutative_and_exact(
    one: list[str], two: list[str], three: list[str]
) -> None:
    a, b, c = (BoundedCounts.of(words) for words in (one, two, three))

    assert a.merged(b).merged(c) == a.merged(b.merged(c)) == c.merged(b).merged(a)
    assert a.merged(b).merged(c) == BoundedCounts.of([*one, *two, *three])
    assert a.merged(b).counts == Counter([*one, *two])


def test_beyond_the_limit_the_counts_that_are_kept_stay_exact_however_it_is_cut() -> None:
    words = [f"w{n % 3000}" for n in range(9000)]
    whole = BoundedCounts.of(words)

    parts = BoundedCounts()
    for start in range(0, 9000, 700):
        parts = parts.merged(BoundedCounts.of(words[start : start + 700]))

    assert parts == whole
    assert not whole.complete
    assert len(whole.counts) == bounded.KEPT
    assert set(whole.counts.values()) == {3}


def test_the_most_frequent_come_first_and_ties_by_name() -> None:
    counts = BoundedCounts.of(["b", "c", "c", "a"])

    assert counts.most_frequent(2) == [("c", 2), ("a", 1)]
    assert counts.complete


def test_a_long_value_is_cut_before_it_is_kept() -> None:
    (value,) = BoundedCounts.of(["x" * 10_000]).counts

    assert len(value) == bounded.SHOWN_CHARACTERS
