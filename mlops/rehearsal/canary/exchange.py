"""HTTP/1.1 as far as a rehearsal speaks it: one request, one answer, connections kept open.

Standard library streams, because the platform's environment holds no HTTP server, and because both
ends of every connection are ours to count.
"""

import asyncio
import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_HEAD_LIMIT: Final = 65_536

_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL)
"""Refusals of this machine's own, whoever is asked."""
_IDLE_SECONDS: Final = 2.0
"""A connection that was free for longer is closed: its server may be about to close it as well."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NoAnswerError(Exception):
    """A request to which no complete answer came."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A request or an answer; header names are in lower case."""

    first_line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.first_line.split(" ", 2)[1])

    @property
    def keeps_open(self) -> bool:
        """Whether another message may follow on the connection."""
        wish = self.headers.get("connection", "").lower()
        return wish != "close" and ("HTTP/1.1" in self.first_line or wish == "keep-alive")


def is_exhaustion(error: BaseException | None) -> bool:
    """Whether an error says that this machine has none left, or was caused by one that does."""
    if error is None:
        return False
    says_so = isinstance(error, OSError) and error.errno in _EXHAUSTED
    return says_so or isinstance(error, MemoryError) or is_exhaustion(error.__cause__)


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next message of a connection.

    Raises:
        NoAnswerError: the connection ended before a whole message was there.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first_line, headers = _head(head)
        body = await _body(reader, headers, is_answer=first_line.startswith("HTTP/"))
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        raise NoAnswerError(f"{type(error).__name__}: {error}") from error
    return Message(first_line=first_line, headers=headers, body=body)


def message(first_line: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A message as it travels, its length included."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{first_line}\r\n{lines}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body


@dataclass(kw_only=True)
class Peer:
    """A server at a port of this machine, and the connections to it that are free."""

    port: int
    _free: list[tuple[Stream, float]] = field(default_factory=list)
    """Connections, and since when each is free."""

    async def ask(
        self, first_line: str, headers: Mapping[str, str], body: bytes, *, timeout_seconds: float
    ) -> Message:
        """The answer to one request.

        A request is sent once. A server may have executed what it did not answer, or not in full;
        sending it again would hide that from everybody who counts.

        Raises:
            NoAnswerError: no whole answer came in time.
        """
        data = message(first_line, {"host": LOOPBACK, **headers}, body)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._ask(data)
        except (OSError, TimeoutError) as error:
            if is_exhaustion(error):
                # No server had a part in it; whoever watches the loop is told.
                context = {"message": "no connection", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Close what is free; connections under way end with their answer."""
        while self._free:
            _close(self._free.pop()[0])

    async def _ask(self, data: bytes) -> Message:
        stream = self._kept()
        if stream is None:
            stream = await asyncio.open_connection(LOOPBACK, self.port, limit=_HEAD_LIMIT)
        return await self._exchanged(stream, data)

    def _kept(self) -> Stream | None:
        """A free connection that its server has not closed, as far as anybody can know."""
        while self._free:
            stream, since = self._free.pop()
            if time.monotonic() - since < _IDLE_SECONDS and not _is_closed(stream):
                return stream
            _close(stream)
        return None

    async def _exchanged(self, stream: Stream, data: bytes) -> Message:
        reader, writer = stream
        keeps = False
        try:
            writer.write(data)
            answer = await read_message(reader)
            keeps = answer.keeps_open
            return answer
        finally:
            if keeps:
                self._free.append((stream, time.monotonic()))
            else:
                writer.close()


def _is_closed(stream: Stream) -> bool:
    reader, writer = stream
    return reader.at_eof() or reader.exception() is not None or writer.is_closing()


def _close(stream: Stream) -> None:
    stream[1].close()


def _head(head: bytes) -> tuple[str, dict[str, str]]:
    first_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first_line, {name.lower(): value.strip() for name, _, value in pairs}


async def _body(
    reader: asyncio.StreamReader, headers: Mapping[str, str], *, is_answer: bool
) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    # Without a length, an answer ends with its connection and a request has no body.
    return await reader.read() if is_answer else b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readuntil(b"\r\n")
    return body
