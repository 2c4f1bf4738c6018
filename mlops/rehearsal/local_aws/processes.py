"""Starts programs so that none outlives the rehearsal, whatever ends it, SIGKILL included.

A killed process runs no handler. So a watchdog in a session of its own holds the read end of a
pipe: every program reports its group there before it becomes what it is, and when the rehearsal is
gone the pipe ends and the watchdog kills what still runs.
"""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

from mlops.rehearsal.local_aws import orphans

T = TypeVar("T")

_WATCHDOG: Final = Path(__file__).with_name("watchdog.py")
# The shell's input is the watchdog's pipe. It closes with the exec, so no program keeps it open.
_REPORTED: Final = 'echo "+$$" >&0; exec "$@" < /dev/null'

# SageMaker waits up to two minutes between both signals; here somebody watches.
GRACE_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program with everything it may see of this machine."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a program ended."""

    exit_code: int
    timed_out: bool = False
    stopped: bool = False


class Watchdog:
    """The process that ends programs when this one can no longer do so; one for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def pipe(self) -> int:
        """Where a program reports its group; the watchdog runs from the first call on."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                orphans.sweep()
                self._process = subprocess.Popen(  # noqa: S603  # our own program
                    [sys.executable, "-I", "-S", str(_WATCHDOG)],
                    cwd="/",
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    bufsize=0,
                )
            assert self._process.stdin is not None
            return self._process.stdin.fileno()

    def forget(self, group: int) -> None:
        """Tell it that a group has ended, before its id can be another's."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe(), f"-{group}\n".encode())

    def close(self) -> None:
        """Let it end; it kills what still runs."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process = None


_watchdog: Final = Watchdog()
atexit.register(_watchdog.close)


class Processes:
    """Every program that runs at the moment, each the leader of its own process group."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, command: Command, *, log: IO[bytes], timeout_seconds: float) -> Ending:
        """Run a program to its end, or until its time is over; its children end with it."""
        process = self.start(command, log=log)
        try:
            code = process.wait(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            self.end(process)
            return Ending(exit_code=process.returncode, timed_out=True)
        finally:
            self.end(process)
        return Ending(exit_code=code, stopped=self._stopped)

    def start(self, command: Command, *, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program; the caller ends it.

        Raises:
            OSError: it cannot be started.
        """
        _ensure_startable(command)
        with self._lock:
            if self._stopped:
                raise InterruptedError("the rehearsal was stopped")
            process = subprocess.Popen(  # noqa: S603  # the definition's own entry point
                ["/bin/sh", "-c", _REPORTED, "sh", *command.arguments],
                cwd=command.folder,
                env={**command.environment, orphans.OWNER: orphans.identity()},
                stdin=_watchdog.pipe(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask a program to end, then make it and everything it started end."""
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GRACE_SECONDS)
        _signal(process, signal.SIGKILL)
        process.wait()
        with self._lock:
            if process in self._running:
                self._running.discard(process)
                _watchdog.forget(process.pid)

    def stop(self) -> None:
        """End everything at once and start nothing more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _signal(process, signal.SIGKILL)
        for process in running:
            process.wait()
            _watchdog.forget(process.pid)


def _ensure_startable(command: Command) -> None:
    """Say what cannot be started before a shell would say it in the program's own log.

    Raises:
        FileNotFoundError: there is no such program.
        PermissionError: it cannot be executed.
    """
    program = command.arguments[0]
    if "/" not in program:
        if shutil.which(program, path=command.environment.get("PATH")) is None:
            raise FileNotFoundError(f"[Errno 2] No such file or directory: '{program}'")
        return
    path = command.folder / program
    if not path.exists():
        raise FileNotFoundError(f"[Errno 2] No such file or directory: '{program}'")
    if not os.access(path, os.X_OK) or path.is_dir():
        raise PermissionError(f"[Errno 13] Permission denied: '{program}'")


def guarded(work: Callable[[], T], *, stop: Callable[[], None]) -> T:
    """Do work that starts programs in a thread of its own; an interrupt calls `stop` first.

    Interrupts reach the main thread only. There, one could fall between a program's start and the
    moment at which we know of it.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="guarded") as pool:
        try:
            return pool.submit(work).result()
        except BaseException:
            stop()
            raise


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a whole group; its leader's id stays its own while any member lives."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
