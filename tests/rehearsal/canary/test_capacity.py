"""How fast a deployment may be gone through."""

import asyncio

import pytest

from mlops.rehearsal.canary.capacity import CapacityFile, time_scale


def test_half_of_the_capacity_is_the_limit() -> None:
    scale = time_scale(duration_seconds=1740, per_minute=300, capacity=100)

    assert scale * 300 / 60 == pytest.approx(50)


def test_a_strong_machine_goes_as_fast_as_wanted_and_no_faster() -> None:
    assert time_scale(duration_seconds=1740, per_minute=300, capacity=1e6) == pytest.approx(145)


def test_silence_needs_no_capacity() -> None:
    assert time_scale(duration_seconds=1200, per_minute=0, capacity=1) == pytest.approx(100)


def test_a_capacity_is_measured_once(tmp_path) -> None:
    measured = []

    async def measure() -> float:
        measured.append(1)
        return 123.0

    async def ask() -> list[float]:
        file = CapacityFile(path=tmp_path / "canary" / "capacity.json")
        return [await file.known_or("a", measure), await file.known_or("a", measure)]

    assert (asyncio.run(ask()), len(measured)) == ([123.0, 123.0], 1)


def test_a_file_that_cannot_be_read_is_measured_again(tmp_path) -> None:
    (tmp_path / "capacity.json").write_text("{broken")

    async def measure() -> float:
        return 5.0

    file = CapacityFile(path=tmp_path / "capacity.json")

    assert asyncio.run(file.known_or("a", measure)) == 5.0
