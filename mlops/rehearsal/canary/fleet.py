"""One fleet: real model servers, as many as the template has instances, kept in service.

Every server is the version's own archive, unpacked once per fleet, in the environment of its lock.
A container that dies is started again; until it answers /ping it gets no request.
"""

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mlops.rehearsal.canary.exchange import NoAnswerError, Peer
from mlops.rehearsal.canary.router import Colour, Instance, Router
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.container import Sandbox
from mlops.rehearsal.local_aws.processes import Command, Processes
from mlops.rehearsal.local_aws.server_log import last_line, port_in
from mlops.rehearsal.local_aws.serving_check import START, unpack
from mlops.rehearsal.local_aws.storage import LocalS3

LAUNCHER: Final = Path(__file__).with_name("launcher.py")
AGAIN: Final = "-again"
"""Ends the name of the new fleet's version where it is the old fleet's as well."""
_PING_TIMEOUT_SECONDS: Final = 2.0
"""SageMaker's own limit for an answer to /ping."""
_POLL_SECONDS: Final = 0.02
_RESTART_SECONDS: Final = 0.3
_OK: Final = 200


class StartError(RehearsalError):
    """A fleet that never became healthy."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version that a fleet serves."""

    version: str
    archive_uri: str
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the version's container."""

    @property
    def number(self) -> str:
        """What the version is called in the registry; both fleets may run the same one."""
        return self.version.removesuffix(AGAIN)


@dataclass(eq=False, kw_only=True)
class _Container:
    """One server process, its log and where it listens."""

    log: Path
    process: subprocess.Popen[bytes]
    instance: Instance | None = None


@dataclass(kw_only=True)
class Fleet:
    """All servers of one colour."""

    colour: Colour
    release: Release
    size: int
    folder: Path
    python: Path
    storage: LocalS3
    processes: Processes
    router: Router
    fault: Mapping[str, Any] | None = None
    restarts: int = 0
    _containers: list[_Container] = field(default_factory=list)
    _supervisor: asyncio.Task[None] | None = None

    async def start(self, *, timeout_seconds: float) -> float:
        """Start every server and return the seconds until all of them were healthy.

        Raises:
            StartError: one ended, or was not healthy in time.
        """
        began = time.perf_counter()
        await asyncio.to_thread(self._unpack)
        self._containers = [self._started(number) for number in range(self.size)]
        while not await self._all_healthy():
            if time.perf_counter() - began > timeout_seconds:
                raise StartError(
                    f"the {self.colour} fleet (version {self.release.version}) did not answer "
                    f"/ping with 200 within {timeout_seconds:.0f} s"
                )
            await asyncio.sleep(_POLL_SECONDS)
        self._supervisor = asyncio.create_task(self._supervise())
        return time.perf_counter() - began

    async def stop(self) -> None:
        """End every server; what is under way has been drained before."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        self.router.fleets[self.colour].clear()
        ends = (asyncio.to_thread(self.processes.end, one.process) for one in self._containers)
        await asyncio.gather(*ends)

    def _unpack(self) -> None:
        sandbox = self._sandbox
        sandbox.prepare()
        unpack(self.storage.path(self.release.archive_uri), sandbox.opt_ml / "model")

    @property
    def _sandbox(self) -> Sandbox:
        return Sandbox(folder=self.folder / "container", python=self.python)

    def _started(self, number: int) -> _Container:
        log = self.folder / f"server-{number}.log"
        return _Container(log=log, process=self._process(log))

    def _process(self, log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return self.processes.start(self._command(), log=output)

    def _command(self) -> Command:
        model = self._sandbox.opt_ml / "model"
        script = list(START)
        if self.fault:
            script = ["-B", str(LAUNCHER), json.dumps(dict(self.fault)), "code", START[-1]]
        variables = {**self.release.environment, "MODEL_VERSION": self.release.number}
        return Command(
            arguments=[
                str(self.python), *script,
                "--model-dir", str(model), "--host", "127.0.0.1", "--port", "0",
            ],
            environment=self._sandbox.environment(variables),
            folder=model,
        )  # fmt: skip

    async def _all_healthy(self) -> bool:
        for container in self._containers:
            if container.instance is None and not await self._entered_service(container):
                return False
        return True

    async def _entered_service(self, container: _Container) -> bool:
        """Whether the server is healthy now; then it gets requests.

        Raises:
            StartError: it has ended.
        """
        port = port_in(container.log)
        if port:
            peer = Peer(port=port)
            with contextlib.suppress(NoAnswerError):
                answer = await peer.ask(
                    "GET /ping HTTP/1.1", {}, b"", timeout_seconds=_PING_TIMEOUT_SECONDS
                )
                if answer.status == _OK:
                    container.instance = Instance(peer=peer)
                    self.router.fleets[self.colour].append(container.instance)
                    return True
            peer.close()
        if container.process.poll() is not None:
            raise StartError(
                f"the {self.colour} fleet (version {self.release.version}): a server ended at its "
                f"start: {last_line(container.log)}"
            )
        return False

    async def _supervise(self) -> None:
        """Take dead servers out of service and start them again."""
        while True:
            for container in self._containers:
                with contextlib.suppress(StartError):
                    if container.instance is None:
                        await self._entered_service(container)
                if container.process.poll() is not None:
                    await self._restart(container)
            await asyncio.sleep(2 * _POLL_SECONDS)

    async def _restart(self, container: _Container) -> None:
        if container.instance is not None:
            container.instance.peer.close()
            self.router.fleets[self.colour].remove(container.instance)
            container.instance = None
        await asyncio.to_thread(self.processes.end, container.process)
        await asyncio.sleep(_RESTART_SECONDS)
        self.restarts += 1
        container.process = self._process(container.log)
