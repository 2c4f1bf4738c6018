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
from typing import Any

from .archive import Archive
from .contract import Contract
from .evaluation import content_type_of, text_of
from .job import JobError

try:
    import content  # type: ignore[import-not-found]  # beside an archive
    from probes import Tolerance, differences  # type: ignore[import-not-found]  # beside an archive
except ImportError:
    from mlops.rollout import content
    from mlops.rollout.probes import Tolerance, differences

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
    with _served(archive, folder / "server.log") as server:
        for case in contract.cases:
            status, text = server.ask("POST", "/invocations", text_of(case), content_type_of(case))
            problem = _problem(status, text, case["response"], tolerance)
            if problem:
                raise JobError(f"the served archive answers example {case['name']}: {problem}")
    return len(contract.cases)


@dataclass(frozen=True, kw_only=True)
class _Server:
    """A server of this machine."""

    port: int

    def ask(
        self, method: str, path: str, body: str | None = None, content_type: str = ""
    ) -> tuple[int, str]:
        """Status and text of an answer."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=REQUEST_TIMEOUT_SECONDS
        )
        headers = {"Accept": "application/json"}
        headers |= {"Content-Type": content_type} if content_type else {}
        try:
            connection.request(method, path, body and body.encode(), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise JobError(f"the served archive gave no answer to {path}: {error!r}") from error
        finally:
            connection.close()

    def is_healthy(self) -> bool:
        """Whether /ping says so; a server that still loads its model says otherwise."""
        try:
            return self.ask("GET", "/ping")[0] == http.client.OK
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


def _problem(status: int, text: str, expected: Any, tolerance: Tolerance) -> str | None:
    if status != http.client.OK:
        return f"HTTP {status}: {text:.200}"
    try:
        found = json.loads(text)
    except ValueError:
        return f"no JSON: {text:.100}"
    return next(differences(expected, found, tolerance), None)
