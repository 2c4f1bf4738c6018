"""SageMaker's blue/green deployment: shift a share, bake, look at the alarms, go on or go back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from mlops.rehearsal.canary.clock import Clock
from mlops.rehearsal.canary.endpoint import GuardedEndpoint
from mlops.rehearsal.canary.fleet import Fleet
from mlops.rehearsal.canary.metrics import Board
from mlops.rehearsal.canary.router import Router

EventKind = Literal[
    "update",
    "shift",
    "bake",
    "alarm",
    "rollback",
    "promotion",
    "failure",
    "retired",
    "inconclusive",
]
BEFORE_SECONDS: Final = 120
"""Traffic on the old fleet before the update, so that the report shows what normal is."""
AFTER_SECONDS: Final = 120
"""Traffic after the end, so that it shows what the clients were left with."""
_TICK_SECONDS: Final = 60
"""CloudWatch evaluates an alarm once a minute."""
_DRAIN_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a reader of the timeline wants to see marked."""

    at: float
    kind: EventKind
    text: str


@dataclass(kw_only=True)
class Deployment:
    """One update of an endpoint, from the first request before it to the last after it."""

    endpoint: GuardedEndpoint
    clock: Clock
    router: Router
    board: Board
    blue: Fleet
    green: Fleet
    start_failure: str | None = None
    """Why the new fleet never became healthy."""
    events: list[Event] = field(default_factory=list)
    shares: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])
    """Moments at which the share changed, and to what."""
    canary_window: tuple[float, float] = (0.0, 0.0)
    promoted: bool = False
    status: str = "InService"
    """Of the endpoint, as DescribeEndpoint says it."""
    drained: bool = True
    _next_tick: float = _TICK_SECONDS

    async def run(self) -> None:
        """Go through the whole deployment."""
        red_already = self.board.red
        await self._pass(BEFORE_SECONDS)
        self.status = "Updating"
        self._tell("update", "UpdateEndpoint: the new fleet is healthy")
        if self.start_failure is not None:
            self.events[-1:] = []
            self._tell("failure", f"UpdateEndpoint failed: {self.start_failure}")
        elif red_already:
            self._roll_back(red_already)
        elif await self._shifted():
            await self._promote()
        else:
            self._roll_back(self.board.red)
        if self.router.share == 0 and self.start_failure is None:
            await self._retire_green()
        self.status = "InService"
        await self._pass(AFTER_SECONDS)

    @property
    def first_shift(self) -> float | None:
        """When the new fleet got its first request's chance."""
        return next((event.at for event in self.events if event.kind == "shift"), None)

    async def _shifted(self) -> bool:
        """Whether every step was baked without a red alarm."""
        begin = self.clock.now()
        for share, seconds, text in self._stages():
            self._share(share)
            self._tell("shift", f"{share:.0%} of the traffic to the new fleet")
            self._tell("bake", f"{text} {seconds / 60:g} min")
            calm = await self._baked(seconds)
            if share < 1 or self.canary_window == (0.0, 0.0):
                self.canary_window = (begin, self.clock.now())
            if not calm:
                return False
        return True

    def _stages(self) -> Iterator[tuple[float, int, str]]:
        for step in self.endpoint.steps:
            yield step.share, step.bake_seconds, "bake"
        yield 1.0, self.endpoint.final_bake_seconds, "final bake"

    async def _baked(self, seconds: float) -> bool:
        """Whether a wait went by without a red alarm."""
        end = self.clock.now() + seconds
        while self._next_tick < end:
            await self._tick()
            if self.board.red:
                return False
        await self.clock.sleep_until(end)
        return not self.board.red

    async def _pass(self, seconds: float) -> None:
        """Let time go by; alarms are evaluated, and nobody acts on them."""
        end = self.clock.now() + seconds
        while self._next_tick < end:
            await self._tick()
        await self.clock.sleep_until(end)

    async def _tick(self) -> None:
        await self.clock.sleep_until(self._next_tick)
        self.board.evaluate(at=self._next_tick)
        self._next_tick += _TICK_SECONDS

    async def _promote(self) -> None:
        self.promoted = True
        self._tell("promotion", "promoted: the old fleet is drained and retired")
        self.drained = await self.router.drain("blue", timeout_seconds=_DRAIN_SECONDS)
        await self.blue.stop()

    def _roll_back(self, alarms: list[str]) -> None:
        for alarm in alarms:
            self._tell("alarm", f"{alarm} is in ALARM")
        self._share(0.0)
        self._tell("rollback", "rolled back: all traffic to the old fleet")

    async def _retire_green(self) -> None:
        self.drained = await self.router.drain("green", timeout_seconds=_DRAIN_SECONDS)
        await self.green.stop()
        self._tell("retired", "the new fleet has answered its last request and is gone")

    def _share(self, share: float) -> None:
        self.router.share = share
        self.shares.append((self.clock.now(), share))

    def _tell(self, kind: EventKind, text: str) -> None:
        self.events.append(Event(at=self.clock.now(), kind=kind, text=text))
