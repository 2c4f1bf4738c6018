"""Clients that never wait for each other, and their ledger."""

import asyncio
import contextlib
import itertools
import time

import pytest

from mlops.rehearsal.canary.clock import Clock
from mlops.rehearsal.canary.exchange import NoAnswerError, message, read_message
from mlops.rehearsal.canary.router import SERVED_BY, SPOILED, UNREACHABLE
from mlops.rehearsal.canary.traffic import Surge, Traffic, json_request, throughput


async def endpoint(
    *,
    seconds: float = 0.0,
    headers: dict[str, str] | None = None,
    answered: list[int] | None = None,
    body: bytes = b"",
) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(NoAnswerError, asyncio.CancelledError):
            while True:
                await read_message(reader)
                await asyncio.sleep(seconds)
                writer.write(message("HTTP/1.1 200 OK", headers or {}, body))
                if answered is not None:
                    answered.append(1)

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def traffic(
    port: int,
    *,
    per_minute: float = 6000,
    surge: Surge | None = None,
    seed: int = 1,
    most_under_way: int = 1000,
):
    return Traffic(
        most_under_way=most_under_way,
        requests=[json_request({"x": 1})],
        per_minute=per_minute,
        surge=surge,
        seed=seed,
        clock=Clock(scale=1.0),
        port=port,
    )


async def sent(made: Traffic, *, seconds: float, settle: float = 20.0) -> Traffic:
    task = asyncio.create_task(made.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await made.settled(timeout_seconds=settle)
    return made


def run(
    *,
    seconds: float = 0.4,
    slow: float = 0.0,
    headers=None,
    body: bytes = b"",
    settle: float = 20.0,
    **settings,
) -> Traffic:
    async def play() -> Traffic:
        server = await endpoint(seconds=slow, headers=headers, body=body)
        made = traffic(server.sockets[0].getsockname()[1], **settings)
        return await sent(made, seconds=seconds, settle=settle)

    return asyncio.run(play())


def test_a_slow_endpoint_does_not_slow_the_clients_down() -> None:
    async def play() -> Traffic:
        asked, many_asked = 0, asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            with contextlib.suppress(NoAnswerError, asyncio.CancelledError):
                while True:
                    await read_message(reader)
                    asked += 1
                    if asked > 10:
                        many_asked.set()
                    # Nobody is answered before the eleventh has asked.
                    await many_asked.wait()
                    writer.write(message("HTTP/1.1 200 OK", {}, b""))

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        made = traffic(server.sockets[0].getsockname()[1])
        task = asyncio.create_task(made.run())
        await asyncio.wait_for(many_asked.wait(), timeout=60)
        task.cancel()
        await made.settled(timeout_seconds=60)
        return made

    ledger = asyncio.run(play()).ledger

    assert len(ledger) > 10
    assert not any(entry.lost for entry in ledger)


def test_a_request_takes_as_long_as_its_answer() -> None:
    assert min(entry.seconds for entry in run(slow=0.3).ledger) >= 0.3


def test_the_seed_decides_when_requests_leave() -> None:
    first, again, other = (run(seed=seed) for seed in (5, 5, 6))
    gaps = [
        [round(b.planned - a.planned, 6) for a, b in itertools.pairwise(entries)][:10]
        for entries in (
            sorted(made.ledger, key=lambda entry: entry.planned) for made in (first, again, other)
        )
    ]

    assert gaps[0] == gaps[1] != gaps[2]


def test_a_surge_multiplies_the_arrivals_while_it_lasts() -> None:
    made = run(per_minute=1200, surge=Surge(begins=0.2, ends=0.4, factor=10))
    before = sum(entry.planned < 0.2 for entry in made.ledger)

    assert len(made.ledger) - before > 3 * max(before, 1)


def test_nobody_asks_where_there_is_no_traffic() -> None:
    assert run(per_minute=0, seconds=0.05).ledger == []


def test_a_request_without_an_answer_is_lost() -> None:
    made = asyncio.run(sent(traffic(1), seconds=0.1))  # nobody listens at port 1

    assert made.ledger
    assert all(entry.lost and entry.status == 0 for entry in made.ledger)


def test_no_more_requests_are_under_way_than_the_machine_bears() -> None:
    """What could not leave is counted: it is neither sent later nor forgotten."""
    made = run(per_minute=60_000, slow=30.0, seconds=0.3, most_under_way=7, settle=0.05)

    assert len(made.ledger) == 7
    assert made.withheld > 7


def test_a_request_that_never_gets_its_answer_is_given_up_and_lost() -> None:
    async def play() -> tuple[int, Traffic]:
        server = await endpoint(seconds=30.0)
        made = traffic(server.sockets[0].getsockname()[1], most_under_way=3)
        task = asyncio.create_task(made.run())
        while len(made._under_way) < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        return await made.settled(timeout_seconds=0.05), made

    given_up, made = asyncio.run(play())

    assert given_up == 3
    assert [entry.lost for entry in made.ledger] == [True] * 3


@pytest.mark.parametrize(
    ("headers", "fleet", "lost"),
    [({SERVED_BY: "green"}, "green", False), ({SERVED_BY: "blue", UNREACHABLE: "1"}, "blue", True)],
)
def test_the_ledger_knows_who_answered(headers, fleet: str, lost: bool) -> None:
    made = run(seconds=0.1, headers=headers)

    assert {(entry.fleet, entry.lost) for entry in made.ledger} == {(fleet, lost)}


@pytest.mark.parametrize(
    ("body", "headers", "wrong"),
    [
        (b"{}", {"content-type": "application/json; charset=utf-8"}, False),
        (b"", {"content-type": "application/json"}, True),
        (b"{}", {"content-type": "text/html"}, True),
        (b"{}", {}, True),
        (b"{}", {"content-type": "application/json", SPOILED: "1"}, True),
    ],
)
def test_an_answer_of_no_use_is_wrong_whatever_its_status(body, headers, wrong: bool) -> None:
    made = run(seconds=0.1, headers=headers, body=body)

    assert {entry.wrong for entry in made.ledger} == {wrong}


def test_throughput_counts_what_was_answered() -> None:
    async def play() -> tuple[float, int, float]:
        answered: list[int] = []
        server = await endpoint(seconds=0.05, answered=answered)
        port = server.sockets[0].getsockname()[1]
        began = time.perf_counter()
        found = await throughput([json_request({})], port=port, seconds=0.3)
        return found, len(answered), time.perf_counter() - began

    found, answered, whole = asyncio.run(play())

    assert answered >= 64, "many clients ask at once"
    assert answered / whole <= found <= answered / 0.3
