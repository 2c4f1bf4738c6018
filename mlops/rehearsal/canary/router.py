"""The endpoint: takes requests at one port and hands each to the old or the new fleet.

Which fleet follows from the share of the moment and a seeded draw; which of its servers from how
much each has to do. What SageMaker would tell CloudWatch about a request is measured here, in the
same places: ModelLatency around the container, OverheadLatency around everything else.
"""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from mlops.rehearsal.canary.exchange import (
    LOOPBACK,
    Message,
    NoAnswerError,
    Peer,
    message,
    read_message,
)

Colour = Literal["blue", "green"]

SERVED_BY: Final = "x-rehearsal-fleet"
UNREACHABLE: Final = "x-rehearsal-unreachable"
SPOILED: Final = "x-rehearsal-spoiled"
"""Marks an answer that a fault changed; who calls through InvokeEndpoint never sees it."""
CUSTOM_ATTRIBUTES: Final = "x-amzn-sagemaker-custom-attributes"
"""The one header of a container that InvokeEndpoint hands to the caller."""
ANSWER_TIMEOUT_SECONDS: Final = 60.0
"""SageMaker waits this long for a container; real time, because models do not hurry here."""
_FORWARDED: Final = ("content-type", "accept", "x-amzn-sagemaker-inference-id")
_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503
_MODEL_ERROR: Final = 424
_API: Final = "/endpoints/"
"""How the path of InvokeEndpoint begins; a client's request here says no endpoint."""
_INVOCATIONS: Final = "POST /invocations HTTP/1.1"


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What one request showed, when its answer was complete."""

    at: float
    fleet: Colour
    status: int
    reached: bool
    """False where no server of the fleet answered."""
    model_seconds: float
    overhead_seconds: float


@dataclass(eq=False, kw_only=True)
class Instance:
    """A server that may be asked."""

    peer: Peer
    busy: int = 0


@dataclass(kw_only=True)
class Router:
    """The front of both fleets."""

    now: Callable[[], float]
    draw: random.Random
    record: Callable[[Invocation], None]
    share: float = 0.0
    """Part of the traffic that goes to the new fleet."""
    most_in_flight: int = 128
    """Requests that a fleet may have under way; more are refused, as a full queue would."""
    fleets: dict[Colour, list[Instance]] = field(default_factory=lambda: {"blue": [], "green": []})
    in_flight: Counter[Colour] = field(default_factory=Counter)
    crowded: Counter[Colour] = field(default_factory=Counter)
    """Requests that were refused because too many were under way."""
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def open(self) -> None:
        """Listen on any free port of the loopback."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.close()
        for fleet in self.fleets.values():
            for instance in fleet:
                instance.peer.close()

    async def drain(self, fleet: Colour, *, timeout_seconds: float) -> bool:
        """Wait until a fleet that gets no new request has answered the last one."""
        deadline = time.perf_counter() + timeout_seconds
        while self.in_flight[fleet] and time.perf_counter() < deadline:
            await asyncio.sleep(0.005)
        return not self.in_flight[fleet]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(NoAnswerError, OSError, asyncio.CancelledError):
            while True:
                request = await read_message(reader)
                writer.write(await self._answered(request))
                await writer.drain()
        self._open.discard(writer)
        writer.close()

    async def _answered(self, request: Message) -> bytes:
        began = time.perf_counter()
        colour: Colour = "green" if self.draw.random() < self.share else "blue"
        is_crowded = self.in_flight[colour] >= self.most_in_flight
        self.in_flight[colour] += 1
        try:
            if is_crowded:
                self.crowded[colour] += 1
                answer, model_seconds = _refused(f"{self.most_in_flight} are under way"), 0.0
            else:
                answer, model_seconds = await self._asked(colour, request)
        finally:
            self.in_flight[colour] -= 1
        self.record(
            Invocation(
                at=self.now(),
                fleet=colour,
                status=answer.status,
                reached=UNREACHABLE not in answer.headers,
                model_seconds=model_seconds,
                overhead_seconds=time.perf_counter() - began - model_seconds,
            )
        )
        if _API in request.first_line:
            return _as_the_api(answer)
        headers = {**_passed_on(answer), SERVED_BY: colour}
        return message(answer.first_line, headers, answer.body)

    async def _asked(self, colour: Colour, request: Message) -> tuple[Message, float]:
        """The answer of the fleet's least busy server, and how long the server took."""
        began = time.perf_counter()
        fleet = self.fleets[colour]
        if not fleet:
            return _refused("no server of this fleet is in service"), 0.0
        instance = min(fleet, key=lambda one: one.busy)
        fleet.append(fleet.pop(fleet.index(instance)))  # equals take turns
        instance.busy += 1
        try:
            answer = await instance.peer.ask(
                _INVOCATIONS,
                {name: request.headers[name] for name in _FORWARDED if name in request.headers},
                request.body,
                timeout_seconds=ANSWER_TIMEOUT_SECONDS,
            )
        except NoAnswerError as error:
            answer = _refused(str(error))
        finally:
            instance.busy -= 1
        return answer, time.perf_counter() - began


def _passed_on(answer: Message) -> dict[str, str]:
    kept = (
        "content-type",
        CUSTOM_ATTRIBUTES,
        "x-model-version",
        "retry-after",
        UNREACHABLE,
        SPOILED,
    )
    return {name: answer.headers[name] for name in kept if name in answer.headers}


def _as_the_api(answer: Message) -> bytes:
    """What InvokeEndpoint makes of a container's answer: itself, or a ModelError around it."""
    if answer.status // 100 == 2:  # noqa: PLR2004  # HTTP's own number
        kept = ("content-type", CUSTOM_ATTRIBUTES)
        headers = {name: answer.headers[name] for name in kept if name in answer.headers}
        return message("HTTP/1.1 200 OK", headers, answer.body)
    original = answer.body.decode(errors="replace")
    error = {
        "Message": f"Received status {answer.status} from primary with message {original!r}",
        "OriginalStatusCode": answer.status,
        "OriginalMessage": original,
    }
    headers = {"content-type": "application/json", "x-amzn-errortype": "ModelError"}
    line = f"HTTP/1.1 {_MODEL_ERROR} Failed Dependency"
    return message(line, headers, json.dumps(error).encode())


def _refused(reason: str) -> Message:
    return Message(
        first_line=f"HTTP/1.1 {_UNAVAILABLE} Service Unavailable",
        headers={"content-type": "application/json", UNREACHABLE: "1"},
        body=json.dumps({"error": reason}).encode(),
    )


def is_server_error(status: int) -> bool:
    """Whether a status counts as Invocation5XXErrors."""
    return status >= _SERVER_ERROR
