"""How much this machine answers, so that a rehearsal never asks more than half of it.

Measured once per archive, environment and fleet, and kept: a rehearsal that measured its own
overload would blame the candidate for it.
"""

import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CALIBRATION_SECONDS: Final = 1.0
MOST_OF_CAPACITY: Final = 0.5
TARGET_SECONDS: Final = 12.0
"""What an undisturbed deployment should take, if the machine allows."""
_MINUTE: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class CapacityFile:
    """Measured capacities by what they were measured with."""

    path: Path

    async def known_or(self, key: str, measure: Callable[[], Awaitable[float]]) -> float:
        """The requests per second that were measured once, or are measured now."""
        known = self._read()
        if key not in known:
            known[key] = await measure()
            self._write(known)
        return known[key]

    def _read(self) -> dict[str, float]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
            return {str(key): float(value) for key, value in content.items()}
        except (OSError, ValueError, AttributeError):
            # A cache: what cannot be read is measured again.
            return {}

    def _write(self, known: dict[str, float]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".writing-")
        with os.fdopen(handle, "w", encoding="utf-8") as text:
            json.dump(known, text, indent=2, sort_keys=True)
        Path(temporary).replace(self.path)


def time_scale(*, duration_seconds: float, per_minute: float, capacity: float) -> float:
    """Deployment seconds per real second: as fast as wanted, never above half the capacity."""
    wanted = max(1.0, duration_seconds / TARGET_SECONDS)
    if not per_minute:
        return wanted
    bearable = MOST_OF_CAPACITY * capacity * _MINUTE / per_minute
    return min(wanted, bearable)
