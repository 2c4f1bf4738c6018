"""The archive as the endpoint will serve it: by its own server, over HTTP, before it is registered.

The job runs in the model's image, which is the endpoint's, and asks with the contract's examples.
Whatever could go wrong at the endpoint's first start goes wrong here, where nobody waits for it.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .archive import Archive
from .contract import Contract
from .job import JobError

try:
    import content  # type: ignore[import-not-found]  # beside an archive
    from probes import (  # type: ignore[import-not-found]  # beside an archive
        Tolerance,
        cases_of,
        objection,
    )
except ImportError:
    from mlops.rollout import content
    from mlops.rollout.probes import Tolerance, cases_of, objection

START_TIMEOUT_SECONDS = 120.0
REQUEST_TIMEOUT_SECONDS = 30.0
_SERVER = Path("code/serve.py")
_POLL_SECONDS = 0.02


def answer_examples(archive: Archive, contract: Contract, folder: Path) -> int:
    """Have the archive's server answer every example of the contract; the number of them.

    `folder` takes the server's log.

    Raises:
        JobError: it does not start, or an answer is not the example's within its tolerance.
    """
    tolerance = Tolerance(
        relative=contract.relative_tolerance, absolute=contract.absolute_tolerance
    )
    cases = cases_of({"cases": contract.cases})
    with _served(archive, folder / "server.log") as server:
        for case in cases:
            reply = server.ask("POST", "/invocations", case.body, case.content_type)
            problem = _problem(reply) or objection(case, reply.body, reply.content_type, tolerance)
            if problem:
                raise JobError(f"the served archive answers example {case.name}: {problem}")
    return len(cases)


@dataclass(frozen=True, kw_only=True)
class _Reply:
    """What came back."""

    status: int
    body: bytes
    content_type: str


@dataclass(frozen=True, kw_only=True)
class _Server:
    """A server of this machine."""

    port: int

    def ask(
        self, method: str, path: str, body: bytes | None = None, content_type: str = ""
    ) -> _Reply:
        """An answer, whatever it is."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=REQUEST_TIMEOUT_SECONDS
        )
        headers = {"Accept": "application/json"}
        headers |= {"Content-Type": content_type} if content_type else {}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return _Reply(
                status=answer.status,
                body=answer.read(),
                content_type=answer.headers.get("Content-Type", ""),
            )
        except (OSError, http.client.HTTPException) as error:
            raise JobError(f"the served archive gave no answer to {path}: {error!r}") from error
        finally:
            connection.close()

    def is_healthy(self) -> bool:
        """Whether /ping says so; a server that still loads its model says otherwise."""
        try:
            return self.ask("GET", "/ping").status == http.client.OK
        except JobError:
            return False


@contextmanager
def _served(archive: Archive, log: Path) -> Iterator[_Server]:
    """The archive's server, healthy; it ends with the block."""
    if not (archive.folder / _SERVER).is_file():
        raise JobError(f"the archive holds no {_SERVER}: train.py packs it with jobs.training")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our interpreter, the archive's own server
            [
                # As the image's command `serve` does it.
                *(sys.executable, "-I", "-B", str(content.__file__)),
                *("--model-dir", str(archive.folder), "--host", "127.0.0.1", "--port", "0"),
            ],
            cwd=archive.folder,
            env={**os.environ, content.VARIABLE: archive.content},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _ready(process, log)
        finally:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path) -> _Server:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        lines = log.read_text("utf-8", "replace").splitlines()
        port = _port(lines)
        if port and not ended and _Server(port=port).is_healthy():
            return _Server(port=port)
        if ended:
            last = (lines or ["no output"])[-1]
            raise JobError(f"the archive's server ended at its start: {last}")
        time.sleep(_POLL_SECONDS)
    raise JobError(f"the archive's server was not healthy after {START_TIMEOUT_SECONDS:g} s")


def _port(lines: Sequence[str]) -> int | None:
    """The port that the server's line `listening` names; None as long as it has not.

    The model's code writes into the same log, and need not end its lines.
    """
    for line in lines:
        for start in (index for index in range(len(line)) if line.startswith('{"', index)):
            with suppress(ValueError):
                record = json.loads(line[start:])
                if isinstance(record, dict) and record.get("event") == "listening":
                    return int(record["port"])
    return None


def _problem(reply: _Reply) -> str | None:
    if reply.status == http.client.OK:
        return None
    return f"HTTP {reply.status}: {reply.body.decode('utf-8', 'replace'):.200}"
