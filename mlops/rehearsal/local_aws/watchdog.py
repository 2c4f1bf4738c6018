"""Ends the programs of a rehearsal that was killed; runs as a process of its own.

`python -I -S watchdog.py` reads lines from its standard input: `+<id>` for a process group that
runs now, `-<id>` for one that has ended. The input ends when the last holder of the other end is
gone, however it ended (SIGKILL runs no handler), and then every group that still runs is killed.
"""

import contextlib
import os
import signal
import sys

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a terminal's programs; the watchdog outlives them by a moment."""


def main() -> None:
    """Follow the groups until nobody is left to report any, then kill those that still run."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    running: set[int] = set()
    for line in sys.stdin.buffer:
        change, group = line[:1], int(line[1:])
        (running.add if change == b"+" else running.discard)(group)
    for group in running:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
