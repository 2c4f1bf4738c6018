"""Deployment time: a deployment's minutes, run through in fractions of seconds."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

_LONGEST_SLEEP_SECONDS: Final = 0.02
"""Whoever sleeps notices a change of pace after this real time."""


@dataclass(kw_only=True)
class Clock:
    """Seconds of the deployment since its beginning; `scale` of them pass in a real one."""

    scale: float
    _began: float = field(default_factory=time.perf_counter)
    _before: float = 0.0
    """Deployment time that had passed when the pace was changed last."""

    def now(self) -> float:
        """Seconds of deployment time since the clock was made."""
        return self._before + (time.perf_counter() - self._began) * self.scale

    def restart(self) -> None:
        """Begin at zero again."""
        self._before, self._began = 0.0, time.perf_counter()

    def change(self, scale: float) -> None:
        """Go on from this moment at another pace."""
        self._before, self._began, self.scale = self.now(), time.perf_counter(), scale

    async def sleep_until(self, moment: float) -> None:
        """Return when that moment is reached, at once if it has passed."""
        await asyncio.sleep(0)
        while (left := (moment - self.now()) / self.scale) > 0:
            await asyncio.sleep(min(left, _LONGEST_SLEEP_SECONDS))


@dataclass(frozen=True, kw_only=True)
class SlowPart:
    """A part of a deployment that is gone through at a pace of its own."""

    clock: Clock
    begins: float
    ends: float
    scale: float

    async def run(self) -> None:
        """Change the pace at both ends."""
        usual = self.clock.scale
        await self.clock.sleep_until(self.begins)
        self.clock.change(self.scale)
        await self.clock.sleep_until(self.ends)
        self.clock.change(usual)
