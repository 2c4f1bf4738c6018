"""An open-loop generator: requests leave at their planned moments, whatever the answers do.

A slow answer never delays the next request, and a request's time counts from its planned moment
(otherwise the slow ones would thin out their own evidence). Time, threads and memory are bounded.
"""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

Send = Callable[[int], str | None]
"""Sends the nth request; None where it was answered, else what went wrong."""
NOT_SENT: Final = "not sent: no thread was free in time"
_MINUTE: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What became of one request."""

    planned: float
    """Seconds after the start at which it should leave."""
    lag: float
    """Seconds after that at which it left."""
    seconds: float
    """From the planned moment to the answer."""
    error: str | None

    @property
    def service_seconds(self) -> float:
        """From the moment at which it left to the answer."""
        return self.seconds - self.lag


def arrivals(*, per_minute: float, seconds: float, seed: int) -> Iterator[float]:
    """Moments of a Poisson process: many clients that know nothing of each other."""
    draw, moment = random.Random(seed), 0.0  # noqa: S311  # no secret
    while True:
        moment += draw.expovariate(per_minute / _MINUTE)
        if moment >= seconds:
            return
        yield moment


def generate(
    send: Send, moments: Iterator[float], *, threads: int, grace_seconds: float
) -> list[Sent]:
    """Send at every moment, and return when all are answered.

    A request that could not leave within the grace is not sent any more: it is in the ledger, with
    that as its error.
    """
    began = time.monotonic()

    def sent(number: int, planned: float) -> Sent:
        lag = time.monotonic() - began - planned
        error = send(number) if lag <= grace_seconds else NOT_SENT
        return Sent(
            planned=planned, lag=lag, seconds=time.monotonic() - began - planned, error=error
        )

    with ThreadPoolExecutor(max_workers=threads) as pool:
        futures = []
        for number, planned in enumerate(moments):
            time.sleep(max(0.0, began + planned - time.monotonic()))
            futures.append(pool.submit(sent, number, planned))
        return [future.result() for future in futures]
