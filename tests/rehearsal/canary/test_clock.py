"""Deployment time runs at one pace, or at another one for a while, and never jumps."""

import asyncio
import itertools

import pytest

from mlops.rehearsal.canary import clock as clock_module
from mlops.rehearsal.canary.clock import Clock, SlowPart


class Real:
    """The machine's time, which only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + 1e-6  # nobody wakes on the very moment


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Real:
    made = Real()
    monkeypatch.setattr(clock_module.time, "perf_counter", made.perf_counter)
    monkeypatch.setattr(clock_module.asyncio, "sleep", made.sleep)
    return made


def test_a_change_of_pace_moves_no_moment(real: Real) -> None:
    clock = Clock(scale=100.0, _began=real.now)
    real.now += 2
    before = clock.now()

    clock.change(10.0)

    assert clock.now() == before == 200
    real.now += 2
    assert clock.now() == 220


def test_a_part_takes_its_own_time_and_the_rest_takes_the_usual(real: Real) -> None:
    clock = Clock(scale=100.0, _began=real.now)
    part = SlowPart(clock=clock, begins=200.0, ends=400.0, scale=10.0)

    asyncio.run(part.run())
    asyncio.run(clock.sleep_until(600.0))

    assert real.now - 100 == pytest.approx(2 + 20 + 2, abs=0.1)
    assert clock.scale == 100


def test_who_sleeps_over_a_change_wakes_at_its_moment(
    real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(scale=100.0, _began=real.now)
    changes = itertools.chain([10.0], itertools.repeat(None))

    async def sleep(seconds: float) -> None:
        real.now += seconds + 1e-6
        scale = next(changes)
        if scale is not None and seconds:
            clock.change(scale)

    monkeypatch.setattr(clock_module.asyncio, "sleep", sleep)
    asyncio.run(clock.sleep_until(60.0))

    assert clock.now() == pytest.approx(60.0, abs=0.5)


def test_a_clock_begins_at_zero_again(real: Real) -> None:
    clock = Clock(scale=10.0, _began=real.now)
    real.now += 3
    clock.change(20.0)

    clock.restart()

    assert clock.now() == 0
