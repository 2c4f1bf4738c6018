"""Programs that an earlier rehearsal left behind, when even its watchdog was killed.

Every program carries the identity of the rehearsal that started it in its environment. Where that
rehearsal is gone, the program is ended. Only Linux shows the environment of other processes; on
other systems the watchdog alone ends them.
"""

import contextlib
import os
import signal
from pathlib import Path
from typing import Final

OWNER: Final = "MLOPS_REHEARSAL_OWNER"
_PROCESSES: Final = Path("/proc")
_STARTED_AT: Final = 19
"""Field of /proc/<id>/stat after the name: when the process started, in clock ticks."""


def identity(process: int | str = "self") -> str:
    """Namespace, id and start of a process: no other process ever has the same; "" without one."""
    try:
        folder = (_PROCESSES / str(process)).resolve()
        space = str((folder / "ns" / "pid").readlink()).strip("pid:[]")
        started = (folder / "stat").read_text().rpartition(")")[2].split()[_STARTED_AT]
    except (OSError, IndexError):
        return ""
    return f"{space}-{folder.name}-{started}"


def sweep() -> int:
    """End every program whose rehearsal is gone; returns how many there were."""
    return sum(_ended(process) for process in _PROCESSES.glob("[0-9]*"))


def _ended(process: Path) -> bool:
    owner = _owner(process)
    space = identity().partition("-")[0]
    # Ids of another namespace (a container on this machine) mean nothing here.
    if not owner or owner.partition("-")[0] != space or identity(owner.split("-")[1]) == owner:
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(int(process.name), signal.SIGKILL)
        return True
    return False


def _owner(process: Path) -> str:
    """The rehearsal that started a process; "" where none did, or where it may not be read."""
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    prefix = f"{OWNER}=".encode()
    found = next((one for one in variables if one.startswith(prefix)), b"")
    return found.removeprefix(prefix).decode("ascii", errors="replace")
