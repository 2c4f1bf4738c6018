"""How fast a deployment may be gone through."""

import pytest

from mlops.rehearsal.canary.capacity import most_in_flight, time_scale


def test_half_of_the_capacity_is_the_limit() -> None:
    scale = time_scale(duration_seconds=1740, per_minute=300, capacity=100)

    assert scale * 300 / 60 == pytest.approx(50)


def test_a_strong_machine_goes_as_fast_as_wanted_and_no_faster() -> None:
    assert time_scale(duration_seconds=1740, per_minute=300, capacity=1e6) == pytest.approx(145)


def test_silence_needs_no_capacity() -> None:
    assert time_scale(duration_seconds=1200, per_minute=0, capacity=1) == pytest.approx(100)


def test_requests_under_way_leave_room_for_every_other_file() -> None:
    """Each has both ends at the router and one connection to a server, in one process."""
    for files in (256, 1024, 20_000):
        assert 2 * 3 * most_in_flight(files) < files - 100

    assert most_in_flight(1024) >= 100
    assert most_in_flight(20_000) == most_in_flight(1_000_000)
