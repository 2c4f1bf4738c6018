"""How much this machine can bear now, so that a rehearsal never asks more than half of it.

Measured for every deployment: a machine that was quiet an hour ago, or a minute ago, may be busy.
"""

import resource
from typing import Final

CALIBRATION_SECONDS: Final = 1.0
MOST_OF_CAPACITY: Final = 0.5
TARGET_SECONDS: Final = 12.0
"""What an undisturbed deployment should take, if the machine allows."""
_MINUTE: Final = 60.0
_MOST_IN_FLIGHT: Final = 128
_CONNECTIONS: Final = 3
"""File descriptors of a request under way: both ends at the router, and one to a server."""
_FLEETS: Final = 2
_OTHER_FILES: Final = 128


def most_in_flight(files: int | None = None) -> int:
    """Requests that one fleet may have under way without the process running out of files."""
    if files is None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return _MOST_IN_FLIGHT
    bearable = (files - _OTHER_FILES) // (_CONNECTIONS * _FLEETS + 1)
    return max(8, min(_MOST_IN_FLIGHT, bearable))


def time_scale(*, duration_seconds: float, per_minute: float, capacity: float) -> float:
    """Deployment seconds per real second: as fast as wanted, never above half the capacity."""
    wanted = max(1.0, duration_seconds / TARGET_SECONDS)
    if not per_minute:
        return wanted
    bearable = MOST_OF_CAPACITY * capacity * _MINUTE / per_minute
    return min(wanted, bearable)
