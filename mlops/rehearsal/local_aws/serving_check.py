"""Serves a registered archive, and nothing else, and asks it over HTTP what it once answered."""

import contextlib
import http.client
import json
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mlops.contract import Example, ModelSpec
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.answers import schema_differences
from mlops.rehearsal.local_aws.container import Sandbox
from mlops.rehearsal.local_aws.processes import Command, Processes
from mlops.rehearsal.local_aws.replay import Answer, Replay
from mlops.rehearsal.local_aws.server_log import last_line, port_in
from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rollout import content as proof
from mlops.rollout.content import VARIABLE
from mlops.rollout.probes import JSON, Case, Tolerance, cases_of, objection

START: Final = ("-I", "-B", str(Path(proof.__file__).resolve()))
"""What the image's `serve` gives to its interpreter: the proof, which becomes the server."""
START_TIMEOUT_SECONDS: Final = 120.0
REQUEST_TIMEOUT_SECONDS: Final = 30.0
# A version repeats its own answers; only the last digits of floating point may move.
RECORDED: Final = Tolerance(relative=1e-6, absolute=1e-9)
_OK: Final = 200
_POLL_SECONDS: Final = 0.02


class ServingError(RehearsalError):
    """An archive that cannot be served, or a server that does not answer."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a server answered to one invocation."""

    status: int
    body: bytes
    content_type: str

    @property
    def text(self) -> str:
        """The body as far as it is text."""
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True, kw_only=True)
class ServingCheck:
    """One registered version, served in a folder of its own."""

    folder: Path
    python: Path
    storage: LocalS3
    processes: Processes
    content: str
    """What its archive must hold, or that nobody recorded it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the deployed container is told besides."""

    def replay(
        self, *, archive_uri: str, answers_uri: str, model: ModelSpec, examples: Sequence[Example]
    ) -> Replay:
        """Serve the archive, replay the recorded answers and the contract's examples."""
        began = time.monotonic()
        recorded: list[Answer] = []
        promised: list[Answer] = []
        started = 0.0
        failure = None
        try:
            cases = recorded_cases(self.storage.read_text(answers_uri))
            with self.served(archive_uri) as server:
                started = time.monotonic() - began
                recorded += [_asked(server, case, RECORDED) for case in cases]
                promised += _promises(server, model, examples)
        except RehearsalError as error:
            failure = str(error)
        return Replay(
            start_seconds=started,
            recorded=tuple(recorded),
            promised=tuple(promised),
            failure=failure,
        )

    @contextlib.contextmanager
    def served(self, archive_uri: str) -> Iterator["Server"]:
        """A server of the archive, ready; it ends with the block.

        Raises:
            ServingError: it cannot be served.
        """
        sandbox = Sandbox(folder=self.folder / "container", python=self.python)
        sandbox.prepare()
        unpack(self.storage.path(archive_uri), sandbox.opt_ml / "model")
        with (self.folder / "log.txt").open("wb") as log:
            process = self.processes.start(self._command(sandbox), log=log)
            try:
                server = Server(
                    log=self.folder / "log.txt", is_alive=lambda: process.poll() is None
                )
                server.wait_until_ready()
                yield server
            finally:
                self.processes.end(process)

    @property
    def variables(self) -> dict[str, str]:
        """What the container is told: of which version it is made is this machine's to say."""
        return {**self.environment, VARIABLE: self.content}

    def _command(self, sandbox: Sandbox) -> Command:
        model = sandbox.opt_ml / "model"
        return Command(
            arguments=[
                str(self.python), *START,
                "--model-dir", str(model), "--host", "127.0.0.1", "--port", "0",
            ],
            environment=sandbox.environment(self.variables),
            folder=model,
        )  # fmt: skip


class Server:
    """A running server: finds out its port, waits until it is healthy, asks it."""

    def __init__(self, *, log: Path, is_alive: Any) -> None:
        self._log = log
        self._is_alive = is_alive
        self._port = 0

    def wait_until_ready(self) -> None:
        """Return once /ping answers 200.

        Raises:
            ServingError: the server ended, or took too long.
        """
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            self._port = self._port or port_in(self._log)
            if self._port and self._is_healthy():
                return
            if not self._is_alive():
                raise ServingError(f"the server ended at its start: {last_line(self._log)}")
            time.sleep(_POLL_SECONDS)
        raise ServingError(f"the server was not healthy after {START_TIMEOUT_SECONDS:g} s")

    def ask(self, body: str, content_type: str, *, accept: str = JSON) -> Reply:
        """The answer to one invocation.

        Raises:
            ServingError: there was none.
        """
        headers = {"Content-Type": content_type, "Accept": accept}
        return self._request("POST", "/invocations", body.encode(), headers)

    def _is_healthy(self) -> bool:
        try:
            return self._request("GET", "/ping", None, {}).status == _OK
        except ServingError:
            return False

    def _request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=REQUEST_TIMEOUT_SECONDS
        )
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            return Reply(
                status=response.status,
                body=response.read(),
                content_type=response.headers.get("Content-Type", ""),
            )
        except (OSError, http.client.HTTPException) as error:
            raise ServingError(f"{method} {path}: no answer: {error!r}") from error
        finally:
            connection.close()


def recorded_cases(text: str) -> list[Case]:
    """The cases of a version's answers.json.

    Raises:
        ServingError: it is not in the form that the evaluation writes.
    """
    try:
        return cases_of(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise ServingError(
            f"answers.json: is not as the evaluation writes it: {error!r}"
        ) from error


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model archive.

    Raises:
        ServingError: it is missing, broken, or would write outside of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz") as packed:
            packed.extractall(folder, filter="data")
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ServingError(f"{archive.name}: cannot be unpacked: {error}") from error
    if not (folder / "code" / "serve.py").is_file():
        raise ServingError(f"{archive.name}: holds no code/serve.py")


def _promises(server: Server, model: ModelSpec, examples: Sequence[Example]) -> Iterator[Answer]:
    tolerance = Tolerance(
        relative=model.examples.relative_tolerance, absolute=model.examples.absolute_tolerance
    )
    for example in examples:
        is_json = example.content_type == JSON
        case = Case(
            name=example.name,
            request=json.loads(example.request) if is_json else example.request,
            response=example.response,
        )
        answer = _asked(server, case, tolerance)
        broken = tuple(schema_differences(answer.answer, model.schema_.output))
        yield Answer(**{**vars(answer), "differences": (*answer.differences, *broken)})


def _asked(server: Server, case: Case, tolerance: Tolerance) -> Answer:
    began = time.perf_counter()
    reply = server.ask(case.body.decode(), case.content_type, accept=case.accept)
    milliseconds = 1000 * (time.perf_counter() - began)
    problem = (
        objection(case, reply.body, reply.content_type, tolerance)
        if reply.status == _OK
        else f"HTTP {reply.status}: {reply.text:.200}"
    )
    return Answer(
        name=case.name,
        request=case.body.decode(),
        expected=case.response,
        answer=_shown(reply),
        milliseconds=milliseconds,
        differences=() if problem is None else (problem,),
    )


def _shown(reply: Reply) -> Any:
    """What was said, for a page: JSON as data, and anything else as it came."""
    try:
        return json.loads(reply.body)
    except ValueError:
        return reply.text
