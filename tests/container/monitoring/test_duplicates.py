import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlops.container.monitoring.duplicates import SeenEvents, digests


@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=20))
def test_each_event_is_new_exactly_once_however_it_is_batched(batches: list[list[int]]) -> None:
    seen, known = SeenEvents(), set[int]()
    for batch in batches:
        fresh = seen.first_time(np.array(batch, dtype=np.uint64))
        expected = [value not in known and value not in batch[:n] for n, value in enumerate(batch)]
        known |= set(batch)
        assert fresh.tolist() == expected

    assert seen.all().tolist() == sorted(known)


def test_the_memory_of_a_stream_stays_at_eight_bytes_an_event() -> None:
    seen = SeenEvents()
    for batch in np.arange(100_000, dtype=np.uint64).reshape(100, 1000):
        seen.first_time(batch)

    assert seen.all().nbytes == 800_000
    assert len(seen._runs) < 20


def test_ids_have_the_same_digest_in_every_process_and_odd_ones_have_one_too() -> None:
    assert digests(["a", "a", "b"]).tolist()[0] == digests(["a"]).tolist()[0]
    assert digests(["event-1"]).tolist() == [2123818840965202205]
    assert len(set(digests(["", "\ud800", "x"]).tolist())) == 3
