"""Deployment time: a deployment's minutes, run through in fractions of seconds."""

import asyncio
import time
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Clock:
    """Seconds of the deployment since its beginning; `scale` of them pass in a real one."""

    scale: float
    _began: float = field(default_factory=time.perf_counter)

    def now(self) -> float:
        """Seconds of deployment time since the clock was made."""
        return (time.perf_counter() - self._began) * self.scale

    def restart(self) -> None:
        """Begin at zero again."""
        self._began = time.perf_counter()

    async def sleep_until(self, moment: float) -> None:
        """Return when that moment is reached, at once if it has passed."""
        await asyncio.sleep(max(0.0, (moment - self.now()) / self.scale))
