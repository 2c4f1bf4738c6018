"""The machine's exhaustion is told apart from the model's fault."""

import asyncio
import random
from typing import Any

import pytest

from mlops.rehearsal.canary.endpoint import RollbackAlarm
from mlops.rehearsal.canary.machine import Machine, old_fleet_is_slow
from mlops.rehearsal.canary.metrics import Metrics
from mlops.rehearsal.canary.results import Pace
from mlops.rehearsal.canary.router import Invocation, Router
from mlops.rollout import Alarm, MissingData

QUIET = Pace(
    scale=100, seconds=9, capacity=900, offered=400, lag_p99_ms=1.5, lag_max_ms=9, exhaustion=""
)


def router() -> Router:
    return Router(now=lambda: 0.0, draw=random.Random(1), record=lambda _: None)


def exhaustion(machine: Machine, *, pace: Pace = QUIET, of: Router | None = None, **seen: Any):
    given = {"withheld": 0, "old_fleet_is_slow": False, **seen}
    return machine.exhaustion(pace=pace, router=of or router(), **given)


def test_a_machine_that_keeps_up_is_not_blamed() -> None:
    assert exhaustion(Machine()) == ""


def test_a_candidate_that_does_not_answer_is_not_the_machines_fault() -> None:
    crowded = router()
    crowded.crowded["green"] = 50

    assert exhaustion(Machine(), of=crowded) == ""


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"withheld": 4}, "4 requests could not leave"),
        ({"old_fleet_is_slow": True}, "red on the old fleet as well"),
    ],
)
def test_what_shows_a_tired_machine_is_said(seen: dict[str, Any], said: str) -> None:
    assert said in exhaustion(Machine(), **seen)


def test_a_crowded_old_fleet_shows_the_machine() -> None:
    crowded = router()
    crowded.crowded["blue"] = 3

    assert "could not take 3 more" in exhaustion(Machine(), of=crowded)


def test_what_the_event_loop_would_print_again_and_again_is_kept_once() -> None:
    machine = Machine()

    async def play() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(machine.noted)
        for _ in range(1000):
            error = OSError(24, "Too many open files")
            loop.call_exception_handler({"message": "socket.accept()", "exception": error})

    asyncio.run(play())

    assert exhaustion(machine) == "OSError: [Errno 24] Too many open files"


def latency(threshold_ms: float) -> RollbackAlarm:
    rule = Alarm(
        evaluation_periods=3,
        datapoints_to_alarm=2,
        threshold=1000 * threshold_ms,
        statistic="p99",
        missing_data=MissingData.NOT_BREACHING,
    )
    return RollbackAlarm(
        name="a", namespace="AWS/SageMaker", metric="ModelLatency", scope="new-fleet", rule=rule
    )


def invocation(at: float, fleet: Any, seconds: float) -> Invocation:
    return Invocation(
        at=at, fleet=fleet, status=200, reached=True, model_seconds=seconds, overhead_seconds=0
    )


@pytest.mark.parametrize(("old_fleet", "is_slow"), [(0.01, False), (0.9, True)])
def test_a_slow_candidate_beside_a_slow_old_fleet_proves_nothing(
    old_fleet: float, is_slow: bool
) -> None:
    metrics = Metrics()
    for at in range(0, 300, 10):
        metrics.record(invocation(at, "green", 0.9))
        metrics.record(invocation(at, "blue", old_fleet))

    assert old_fleet_is_slow(metrics, [latency(500)], until=300) is is_slow


def test_the_old_fleet_is_asked_where_it_has_no_request_of_its_own() -> None:
    metrics = Metrics()
    for at in range(0, 300, 10):
        metrics.record_reference(at=at, seconds=0.9)

    assert old_fleet_is_slow(metrics, [latency(500)], until=300)
    assert metrics.invocations == []
