"""The prober: the deployed function, called each minute as the stage's schedule would call it.

Here is only what surrounds it: its process, its schedule, and CloudWatch, which hears what it
publishes. What it asks, how it scores and what it does without an answer is its own code.
"""

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import mlops
from mlops.metrics import WRONG_ANSWERS
from mlops.rehearsal.canary.clock import Clock
from mlops.rehearsal.canary.exchange import LOOPBACK
from mlops.rehearsal.canary.metrics import Metrics
from mlops.rehearsal.canary.traffic import Request
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import SynthesizedFunction
from mlops.rehearsal.local_aws.intrinsics import Place
from mlops.rehearsal.local_aws.processes import Command, Processes

START_SECONDS: Final = 60.0
RUNTIME: Final = "mlops.rehearsal.local_aws.prober_runtime"
SPREAD_SECONDS: Final = 45.0
"""The part of a minute in which the deployed prober asks."""
_ASKED: Final = ("probes", "unanswered", "unscored", "unrecorded")
"""What became of the probes of a call, as the function counts them."""
_MINUTE: Final = 60.0
_WARMING_SCALE: Final = 100.0
_PHASE: Final = 30.0
"""When within a minute the schedule fires; nothing ties it to a deployment's steps."""


@dataclass(frozen=True, kw_only=True)
class DeployedProber:
    """The function as it was synthesized, and what it needs of this machine."""

    function: SynthesizedFunction
    place: Place
    registry: Path
    storage: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Its settings."""
        return self.function.environment


@dataclass(kw_only=True)
class Prober:
    """The function's process during one deployment."""

    deployed: DeployedProber
    candidate: str
    """Number of the version that is being released."""
    clock: Clock
    port: int
    metrics: Metrics
    processes: Processes
    folder: Path
    status: Callable[[], str] = lambda: "InService"
    """Of the endpoint, as DescribeEndpoint says it."""
    probes: int = 0
    unanswered: int = 0
    unscored: int = 0
    """Answers whose version was named nowhere where InvokeEndpoint hands it on."""
    failures: list[str] = field(default_factory=list)
    """Errors that ended a call."""
    _process: subprocess.Popen[bytes] | None = None
    _server: asyncio.Server | None = None
    _stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _opened: asyncio.Event = field(default_factory=asyncio.Event)
    _call: asyncio.Task[Any] | None = None

    async def open(self) -> None:
        """Start the process and wait until it takes calls.

        Raises:
            RehearsalError: it ended, or took too long.
        """
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        control = self._server.sockets[0].getsockname()[1]
        self.folder.mkdir(parents=True, exist_ok=True)
        request = self.folder / "request.json"
        request.write_text(json.dumps(self._request(control)), "utf-8")
        log = self.folder / "prober.log"
        with log.open("wb") as output:
            self._process = self.processes.start(self._command(request), log=output)
        try:
            await asyncio.wait_for(self._opened.wait(), START_SECONDS)
        except TimeoutError as error:
            raise RehearsalError(f"the prober did not start in time; see {log}") from error
        # Its first call makes clients and reads what was recorded, in the machine's own time.
        await self._answered({"status": "Updating", "scale": _WARMING_SCALE}, "done")

    async def probe_seconds(self, request: Request) -> float:
        """How long one probe takes here, in real time."""
        asked = {
            "endpoint": self.deployed.environment["ENDPOINT_NAME"],
            "content_type": request.content_type,
            "body": request.body.decode(),
        }
        return float((await self._answered({"measure": asked}, "seconds"))["seconds"])

    async def run(self) -> None:
        """Call the function each minute until cancelled, as long as its last call is over."""
        moment = _PHASE
        while True:
            await self.clock.sleep_until(moment)
            if self._call is None or self._call.done():
                self._call = asyncio.create_task(self._called())
            moment += _MINUTE

    async def settled(self, *, timeout_seconds: float) -> None:
        """Return once the last call is over, or after this time."""
        if self._call is not None:
            await asyncio.wait({self._call}, timeout=timeout_seconds)
            self._call.cancel()

    async def close(self) -> None:
        """End the process."""
        if self._stream is not None:
            self._stream[1].close()
        if self._server is not None:
            self._server.close()
        if self._process is not None:
            await asyncio.to_thread(self.processes.end, self._process)
        shutil.rmtree(self.folder / "code", ignore_errors=True)

    async def _called(self) -> None:
        call = {"status": self.status(), "scale": self.clock.scale}
        answer = await self._answered(call, "done")
        summary = answer["done"]
        if summary is None:
            self.failures.append(answer["failed"])
            return
        self.probes += sum(summary[kind] for kind in _ASKED)
        self.unanswered += summary["unanswered"]
        self.unscored += summary["unscored"]

    async def _answered(self, message: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
        """The answer to a message; what is published in between is recorded.

        Raises:
            RehearsalError: the process has ended.
        """
        assert self._stream is not None
        reader, writer = self._stream
        # A connection that is gone is said below, with what the process said last.
        with contextlib.suppress(ConnectionError):
            writer.write(f"{json.dumps(message)}\n".encode())
            while line := await reader.readline():
                answer: Mapping[str, Any] = json.loads(line)
                if wanted in answer:
                    return answer
                self._record(answer["published"])
        raise RehearsalError(f"the prober ended: {_last_line(self.folder / 'prober.log')}")

    def _record(self, published: Mapping[str, Any]) -> None:
        """Hand what was published to whoever watches exactly this metric."""
        dimensions = published["dimensions"]
        identity = {"EndpointName", "ModelVersion"}
        if dimensions.keys() != identity or published["name"] != WRONG_ANSWERS.name:
            return
        of_candidate = dimensions["ModelVersion"] == self.candidate
        for value, count in zip(published["values"], published["counts"], strict=True):
            for _ in range(round(count)):
                self.metrics.record_probe(
                    at=self.clock.now(), of_candidate=of_candidate, wrong=bool(value)
                )

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._stream = (reader, writer)
        self._opened.set()

    def _request(self, control: int) -> dict[str, Any]:
        return {
            "code": str(self.deployed.function.code.unpacked(self.folder / "code")),
            "handler": self.deployed.function.handler,
            "control": control,
            "port": self.port,
            "account": self.deployed.place.account,
            "region": self.deployed.place.region,
            "registry": str(self.deployed.registry),
            "storage": str(self.deployed.storage),
        }

    def _command(self, request: Path) -> Command:
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(Path(mlops.__file__).resolve().parents[1]),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": self.deployed.place.region,
            "HOME": str(self.folder),
            **self.deployed.environment,
            # The candidate is deployed as if it were pinned; the template has what is pinned.
            "VERSION": self.candidate,
        }
        return Command(
            arguments=[sys.executable, "-P", "-m", RUNTIME, str(request)],
            environment=environment,
            folder=self.folder,
        )


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text("utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "no output"
    return "no log"
