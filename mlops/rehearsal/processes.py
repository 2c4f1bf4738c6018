"""Starts programs so that none outlives the rehearsal, whatever ends it."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

T = TypeVar("T")

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
        with self._lock:
            if self._stopped:
                raise InterruptedError("the rehearsal was stopped")
            process = subprocess.Popen(  # noqa: S603  # the definition's own entry point
                list(command.arguments),
                cwd=command.folder,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
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
            self._running.discard(process)

    def stop(self) -> None:
        """End everything at once and start nothing more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _signal(process, signal.SIGKILL)
        for process in running:
            process.wait()


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
