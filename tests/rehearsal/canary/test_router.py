"""The endpoint's front: shares, measurement, refusal, draining."""

import asyncio
import json
import random
import time

from mlops.rehearsal.canary.exchange import Peer, message, read_message
from mlops.rehearsal.canary.router import SERVED_BY, UNREACHABLE, Instance, Invocation, Router


async def server(name: str, *, seconds: float = 0.0) -> tuple[asyncio.Server, Instance]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            await read_message(reader)
            await asyncio.sleep(seconds)
            writer.write(message("HTTP/1.1 200 OK", {"x-model-version": name}, name.encode()))

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    return listening, Instance(peer=Peer(port=listening.sockets[0].getsockname()[1]))


async def opened(seen: list[Invocation], share: float, seed: int = 1) -> Router:
    router = Router(now=lambda: 7.0, draw=random.Random(seed), record=seen.append, share=share)
    await router.open()
    return router


async def ask(router: Router, count: int = 1):
    peer = Peer(port=router.port)
    return [
        await peer.ask("POST /invocations HTTP/1.1", {}, b"{}", timeout_seconds=60)
        for _ in range(count)
    ]


def shares(share: float, seed: int) -> list[str]:
    async def play() -> list[str]:
        seen: list[Invocation] = []
        router = await opened(seen, share, seed)
        for colour in ("blue", "green"):
            router.fleets[colour].append((await server(colour))[1])
        answers = await ask(router, 200)
        await router.close()
        assert [one.fleet for one in seen] == [answer.headers[SERVED_BY] for answer in answers]
        return [answer.body.decode() for answer in answers]

    return asyncio.run(play())


def test_the_share_of_the_new_fleet_is_drawn_by_the_seed() -> None:
    first, again, other = shares(0.2, 1), shares(0.2, 1), shares(0.2, 2)

    assert first == again != other
    assert 20 <= first.count("green") <= 60


def test_without_a_share_the_new_fleet_is_left_alone() -> None:
    assert set(shares(0.0, 1)) == {"blue"}
    assert set(shares(1.0, 1)) == {"green"}


def test_servers_of_a_fleet_take_turns() -> None:
    async def play() -> list[str]:
        router = await opened([], 0.0)
        for name in ("one", "two"):
            router.fleets["blue"].append((await server(name))[1])
        answers = await ask(router, 4)
        await router.close()
        return [answer.body.decode() for answer in answers]

    assert sorted(asyncio.run(play())) == ["one", "one", "two", "two"]


def test_a_fleet_without_a_server_refuses_and_says_so() -> None:
    async def play():
        seen: list[Invocation] = []
        router = await opened(seen, 1.0)
        (answer,) = await ask(router)
        await router.close()
        return answer, seen

    answer, seen = asyncio.run(play())

    assert (answer.status, answer.headers[UNREACHABLE]) == (503, "1")
    assert "no server of this fleet" in json.loads(answer.body)["error"]
    assert [(one.status, one.reached) for one in seen] == [(503, False)]


def test_a_server_that_is_gone_counts_as_an_error_of_its_fleet() -> None:
    async def play():
        seen: list[Invocation] = []
        router = await opened(seen, 1.0)
        listening, instance = await server("green")
        listening.close()
        await listening.wait_closed()
        router.fleets["green"].append(instance)
        (answer,) = await ask(router)
        await router.close()
        return answer, seen

    answer, seen = asyncio.run(play())

    assert (answer.status, seen[0].fleet, seen[0].reached) == (503, "green", False)


def test_a_fleet_takes_no_more_requests_than_it_may_have_under_way() -> None:
    async def play():
        seen: list[Invocation] = []
        router = await opened(seen, 1.0)
        router.most_in_flight = 2
        router.fleets["green"].append((await server("green", seconds=0.5))[1])
        answers = await asyncio.gather(*(ask(router) for _ in range(5)))
        await router.close()
        return [answer.status for (answer,) in answers], router.crowded

    statuses, crowded = asyncio.run(play())

    assert sorted(statuses) == [200, 200, 503, 503, 503]
    assert crowded == {"green": 3}


def test_an_answer_that_breaks_off_is_a_lost_request_and_is_not_asked_for_again() -> None:
    async def play():
        seen: list[Invocation] = []
        received = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for length in (2, 9):
                received.append(await read_message(reader))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nhi" % length)
            writer.close()

        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        router = await opened(seen, 1.0)
        port = listening.sockets[0].getsockname()[1]
        router.fleets["green"].append(Instance(peer=Peer(port=port)))
        answers = await ask(router, 2)
        await router.close()
        return answers, seen, received

    answers, seen, received = asyncio.run(play())

    assert [answer.status for answer in answers] == [200, 503]
    assert UNREACHABLE in answers[1].headers
    assert [(one.status, one.reached) for one in seen] == [(200, True), (503, False)]
    assert len(received) == 2


def test_the_models_time_is_told_apart_from_the_rest() -> None:
    async def play():
        seen: list[Invocation] = []
        router = await opened(seen, 1.0)
        router.fleets["green"].append((await server("green", seconds=0.1))[1])
        began = time.perf_counter()
        await ask(router)
        whole = time.perf_counter() - began
        await router.close()
        return seen[0], whole

    one, whole = asyncio.run(play())

    assert one.model_seconds >= 0.1
    assert 0 < one.overhead_seconds <= whole - one.model_seconds


def test_draining_waits_for_the_last_answer() -> None:
    async def play():
        router = await opened([], 1.0)
        router.fleets["green"].append((await server("green", seconds=0.2))[1])
        asking = asyncio.create_task(ask(router))
        await asyncio.sleep(0.1)
        router.share = 0.0
        too_short = await router.drain("green", timeout_seconds=0.01)
        enough = await router.drain("green", timeout_seconds=60)
        (answer,) = await asking
        await router.close()
        return too_short, enough, answer.status

    assert asyncio.run(play()) == (False, True, 200)
