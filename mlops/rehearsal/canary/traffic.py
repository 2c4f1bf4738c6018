"""The clients: an open-loop generator whose requests leave at their planned moments.

A slow answer never delays the next request, so a bad canary cannot thin out its own evidence
(coordinated omission). How many may be under way is bounded all the same: a machine that no longer
keeps up would otherwise run out of connections. What every request came to is in the clients' own
ledger, which the router does not see: a request that got no answer is lost, whatever anybody else
counted.
"""

import asyncio
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from mlops.rehearsal.canary.clock import Clock
from mlops.rehearsal.canary.exchange import NoAnswerError, Peer
from mlops.rehearsal.canary.router import SERVED_BY, SPOILED, UNREACHABLE, Colour

CLIENT_TIMEOUT_SECONDS: Final = 70.0
_MINUTE: Final = 60.0
_OK: Final = 200


@dataclass(frozen=True, kw_only=True)
class Request:
    """A body as a client sends it."""

    content_type: str
    body: bytes
    accept: str = "application/json"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a client has in the end."""

    status: int = 0
    """0: there was no answer."""
    fleet: Colour | None = None
    reached: bool = False
    """Whether one of the fleet's servers was reached."""
    wrong: bool = False
    """Whether it is of no use in spite of its status: empty, of another type, or changed."""


@dataclass(frozen=True, kw_only=True)
class Surge:
    """A while in which more is asked than usual."""

    begins: float
    ends: float
    factor: float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request in the ledger."""

    planned: float
    """When it should leave, in deployment time."""
    lag_seconds: float
    """How much later it left, in real time."""
    seconds: float
    """From the planned moment to the answer, in real time."""
    status: int
    """0: there was no answer."""
    fleet: Colour | None
    reached: bool
    wrong: bool

    @property
    def lost(self) -> bool:
        """Whether the client has nothing that a server said."""
        return not self.status or not self.reached


@dataclass(kw_only=True)
class Traffic:
    """The requests of one deployment, and what became of them."""

    requests: Sequence[Request]
    per_minute: float
    surge: Surge | None
    seed: int
    clock: Clock
    port: int
    most_under_way: int = 320
    """More than both fleets together take: it is reached where nobody answers in time at all."""
    ledger: list[Entry] = field(default_factory=list)
    withheld: int = 0
    """Requests that never left, because too many were under way."""
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Send until cancelled."""
        if not self.per_minute:
            return
        peer, draw = Peer(port=self.port), random.Random(self.seed)  # noqa: S311  # no secret
        for moment in self._arrivals():
            # Even a generator that is late lets answers come in between.
            await self.clock.sleep_until(moment)
            if len(self._under_way) >= self.most_under_way:
                self.withheld += 1
                continue
            task = asyncio.create_task(self._send(peer, moment, draw.choice(self.requests)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def settled(self, *, timeout_seconds: float) -> int:
        """Return once every request that left has its answer, or gets none in this time.

        Returns how many were given up; each is in the ledger as lost.
        """
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=timeout_seconds)
        given_up = list(self._under_way)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        return len(given_up)

    def _arrivals(self) -> Iterator[float]:
        """Moments of a Poisson process, in deployment time."""
        draw, moment = random.Random(self.seed + 1), self.clock.now()  # noqa: S311  # no secret
        while True:
            moment += draw.expovariate(self._rate(moment) / _MINUTE)
            yield moment

    def _rate(self, moment: float) -> float:
        surge = self.surge
        surging = surge is not None and surge.begins <= moment < surge.ends
        return self.per_minute * (surge.factor if surge is not None and surging else 1.0)

    async def _send(self, peer: Peer, planned: float, request: Request) -> None:
        left = self.clock.now()
        reply = Reply()
        try:
            reply = await asked(peer, request)
        finally:
            now = self.clock.now()
            self.ledger.append(
                Entry(
                    planned=planned,
                    lag_seconds=(left - planned) / self.clock.scale,
                    seconds=(now - planned) / self.clock.scale,
                    status=reply.status,
                    fleet=reply.fleet,
                    reached=reply.reached,
                    wrong=reply.wrong,
                )
            )


async def asked(peer: Peer, request: Request) -> Reply:
    """What comes of a request."""
    headers = {"content-type": request.content_type, "accept": request.accept}
    try:
        answer = await peer.ask(
            "POST /invocations HTTP/1.1",
            headers,
            request.body,
            timeout_seconds=CLIENT_TIMEOUT_SECONDS,
        )
    except NoAnswerError:
        return Reply()
    kind = answer.headers.get("content-type", "").partition(";")[0]
    useless = not answer.body or kind != request.accept or SPOILED in answer.headers
    return Reply(
        status=answer.status,
        fleet="green" if answer.headers.get(SERVED_BY) == "green" else "blue",
        reached=UNREACHABLE not in answer.headers,
        wrong=answer.status == _OK and useless,
    )


async def throughput(requests: Sequence[Request], *, port: int, seconds: float) -> float:
    """Requests per second that the whole arrangement answers when it is kept busy."""
    peer, answered = Peer(port=port), 0
    deadline = time.perf_counter() + seconds

    async def keep_asking(offset: int) -> None:
        nonlocal answered
        count = offset
        while time.perf_counter() < deadline:
            reply = await asked(peer, requests[count % len(requests)])
            answered += reply.status == _OK
            count += 1

    began = time.perf_counter()
    await asyncio.gather(*(keep_asking(offset) for offset in range(_BUSY_CLIENTS)))
    peer.close()
    return answered / (time.perf_counter() - began)


_BUSY_CLIENTS: Final = 64


def json_request(content: object) -> Request:
    """A request with a JSON body."""
    return Request(content_type="application/json", body=json.dumps(content).encode())
