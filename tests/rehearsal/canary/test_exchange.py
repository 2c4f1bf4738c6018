"""HTTP on real sockets of the loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mlops.rehearsal.canary.exchange import NoAnswerError, Peer, read_message

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def talk(server: Server, *, times: int = 1, timeout: float = 2.0) -> list[Any]:
    """What a server answers to the same request, asked several times in a row."""

    async def conversation() -> list[Any]:
        listening = await asyncio.start_server(server, "127.0.0.1", 0)
        peer = Peer(port=listening.sockets[0].getsockname()[1])
        answers = [
            await peer.ask("POST /x HTTP/1.1", {"a": "b"}, b"hello", timeout_seconds=timeout)
            for _ in range(times)
        ]
        peer.close()
        listening.close()
        return answers

    return asyncio.run(conversation())


def answering(*answers: bytes) -> Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await read_message(reader)
            writer.write(answer)
        writer.close()

    return serve


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def test_a_request_arrives_whole_and_its_answer_comes_back() -> None:
    seen = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_message(reader))
        writer.write(PLAIN)

    (answer,) = talk(serve)

    assert (answer.status, answer.body) == (200, b"hi")
    assert (seen[0].first_line, seen[0].headers["a"], seen[0].body) == (
        "POST /x HTTP/1.1",
        "b",
        b"hello",
    )


def test_a_connection_is_used_again() -> None:
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        for _ in range(3):
            await read_message(reader)
            writer.write(PLAIN)

    assert len(talk(serve, times=3)) == 3
    assert len(connections) == 1


def test_a_kept_connection_that_was_closed_meanwhile_loses_nothing() -> None:
    async def conversation() -> list[int]:
        listening = await asyncio.start_server(answering(PLAIN), "127.0.0.1", 0)
        peer = Peer(port=listening.sockets[0].getsockname()[1])
        statuses = []
        for _ in range(3):
            answer = await peer.ask("POST /x HTTP/1.1", {}, b"", timeout_seconds=5)
            statuses.append(answer.status)
            while not all(stream[0].at_eof() for stream, _ in peer._free):
                await asyncio.sleep(0.01)  # the server closes after each answer
        listening.close()
        return statuses

    assert asyncio.run(conversation()) == [200] * 3


@pytest.mark.parametrize(
    "second",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"],
    ids=["before the answer", "within the head", "within the body"],
)
def test_a_request_that_was_sent_is_never_sent_again(second: bytes) -> None:
    """On a kept connection too: the server may have executed what it did not answer."""
    received = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (PLAIN, second):
            received.append(await read_message(reader))
            writer.write(answer)
        writer.close()

    with pytest.raises(NoAnswerError):
        talk(serve, times=2)

    assert len(received) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhi",
    ],
    ids=["in chunks", "until the end of the connection"],
)
def test_an_answer_without_a_length_is_read_to_its_end(answer: bytes) -> None:
    assert talk(answering(answer))[0].body == b"hi"


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", b"no HTTP at all"]
)
def test_an_answer_that_is_not_whole_is_none(answer: bytes) -> None:
    with pytest.raises(NoAnswerError):
        talk(answering(answer))


def test_an_answer_that_takes_too_long_is_none() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(NoAnswerError, match="TimeoutError"):
        talk(serve, timeout=0.05)
