"""The server of every model archive: SageMaker's container contract around one `inference.py`.

It and `model_server.py` stand alone (standard library, starlette, uvicorn), because they are packed
flat beside the model's own code. Here are the parts around the application: connections with
limits, a log that never waits, the start and the stop.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import fcntl
import functools
import json
import logging
import logging.handlers
import os
import queue
import select
import signal
import socket
import sys
import termios
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

# `import-not-found`: uvicorn lives in the model's image, not in the platform's own environment.
import uvicorn  # type: ignore[import-not-found]  # see above
from uvicorn.protocols.http.auto import AutoHTTPProtocol  # type: ignore[import-not-found]  # see above

if TYPE_CHECKING:
    from mlops.container.serving.model_server import (
        CROWDED,
        MAX_HEAD_BYTES,
        ModelServer,
        RefusedError,
        Settings,
        refused,
        too_long_head,
        unavailable,
    )
else:  # an archive is flat
    from model_server import (
        CROWDED,
        MAX_HEAD_BYTES,
        ModelServer,
        RefusedError,
        Settings,
        refused,
        too_long_head,
        unavailable,
    )

LOG = logging.getLogger("serve")
MAX_BODY_BYTES = 25 * 1024 * 1024  # what a real-time endpoint lets through, by the service's FAQ
PING_CONNECTIONS = 16  # beyond the limit, so that a crowd does not hide that the model is well
PING_SECONDS = 2  # SageMaker's patience with a health check
DRAIN_SECONDS = 2
DRAIN_POLL_SECONDS = 0.01
MAX_LOG_LINES_WAITING = 1000
KEEP_ALIVE_SECONDS = 75  # longer than a proxy keeps an idle connection, so that it closes first
FLUSH_SECONDS = 2
_FIELDS_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message"}


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The event, its extra fields and, for a failure, the traceback."""
        extra = {k: v for k, v in vars(record).items() if k not in _FIELDS_OF_EVERY_RECORD}
        line = {"level": record.levelname, "event": record.getMessage()} | extra
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class NeverWaiting(logging.handlers.QueueHandler):
    """Hands a line to the thread that writes; drops it where nobody reads our output."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """A log that cannot be written must not stop the answers."""
        with suppress(queue.Full):
            self.queue.put_nowait(record)


class Connection(AutoHTTPProtocol):  # type: ignore[misc]  # uvicorn is untyped here, see above
    """uvicorn's connection, with limits on the part of a request that no application sees."""

    app_state: dict[str, Any]

    def __init__(self, *, server: ModelServer, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._model_server = server
        self._settings = server.settings
        self._read_seconds = server.settings.read_seconds
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Turn away whoever is one too many; give the others some time for their request."""
        super().connection_made(transport)
        beyond = len(self.connections) - self._settings.max_connections
        if beyond > 0:
            self.app_state = {**self.app_state, CROWDED: True}
            self._read_seconds = min(PING_SECONDS, self._settings.read_seconds)
        self._expect_head()
        if beyond > PING_CONNECTIONS:
            self._refuse(unavailable(f"{self._settings.max_connections} connections are open"))

    def data_received(self, data: bytes) -> None:
        """Count what comes until a request's head is complete: the parser would keep it all."""
        if self.transport.is_closing():
            return
        before = self.cycle
        reads_body = before is not None and before.more_body and not before.response_complete
        super().data_received(data)
        if self.cycle is not before:
            self._head_bytes = 0
            self._stop_waiting()
        elif not reads_body and not self.transport.is_closing():
            self._head_bytes += len(data)
            self._expect_head()
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(too_long_head())

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives its connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, _: str) -> None:
        """What is not HTTP is told like everything else: as JSON, with our version."""
        self._refuse(RefusedError(HTTPStatus.BAD_REQUEST, "the request is not valid HTTP"))

    def timeout_keep_alive_handler(self) -> None:
        """An idle caller is let go; one that never read its answer is cut off."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    @property
    def has_unread_request(self) -> bool:
        """Whether a request has begun to come that nobody works on yet."""
        if self.transport.is_closing() or not (self.cycle is None or self.cycle.response_complete):
            return False
        if self._head_bytes:
            return True
        waiting = array.array("i", [0])
        with suppress(OSError, ValueError):  # closed under our hands
            place = self.transport.get_extra_info("socket").fileno()
            fcntl.ioctl(place, termios.FIONREAD, waiting)
        return waiting[0] > 0

    def _expect_head(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self._read_seconds, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        if self._head_bytes == 0:
            self.transport.close()
            return
        reason = f"the headers took longer than {self._read_seconds} s"
        self._refuse(RefusedError(HTTPStatus.REQUEST_TIMEOUT, reason))

    def _refuse(self, refusal: RefusedError) -> None:
        self._model_server.refusals.tell(refusal)
        response = refused(refusal, self._settings.version)
        head = [(b"connection", b"close"), *response.raw_headers]
        lines = [b"%s: %s\r\n" % pair for pair in head]
        status = f"HTTP/1.1 {refusal.status.value} {refusal.status.phrase}\r\n".encode()
        self.transport.write(status + b"".join(lines) + b"\r\n" + response.body)
        self.transport.close()


class DrainingServer(uvicorn.Server):  # type: ignore[misc]  # uvicorn is untyped here, see above
    """uvicorn's server, which resets nobody whose request the kernel has taken before a stop."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take what waits in the listener and in open connections, then stop as uvicorn does."""
        until = time.monotonic() + DRAIN_SECONDS
        while self._has_unread(sockets or []) and time.monotonic() < until:
            await asyncio.sleep(DRAIN_POLL_SECONDS)
        await super().shutdown(sockets)

    def _has_unread(self, sockets: list[socket.socket]) -> bool:
        waiting, _, _ = select.select(sockets, [], [], 0)
        open_ = list(self.server_state.connections)
        return bool(waiting) or any(connection.has_unread_request for connection in open_)


def serve(settings: Settings, log: logging.handlers.QueueListener) -> NoReturn:
    """Listen, load the model, answer until SIGTERM; requests under way are finished."""
    server = ModelServer(settings)
    web = DrainingServer(_configuration(server, settings))
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        # uvicorn's own handlers come later, and raise the signal again once they are done.
        signal.signal(signal_, lambda *_: setattr(web, "should_exit", True))
    listener = socket.create_server((settings.host, settings.port))
    # An answer is written in two parts; without this the second one waits 40 ms for the caller.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    LOG.info("listening", extra={"port": listener.getsockname()[1]})
    threading.Thread(target=_load_or_exit, args=(server, log), daemon=True).start()
    web.run(sockets=[listener])
    cut_off = server.busy
    LOG.info("stopped", extra={"cut_off": cut_off} if cut_off else None)
    _leave(log, code=1 if cut_off else 0)


def main() -> None:
    """Command line; SageMaker starts it without arguments."""
    settings = _settings()
    log = _start_log()
    serve(settings, log)


def _configuration(server: ModelServer, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        server, http=functools.partial(Connection, server=server), ws="none", lifespan="off",
        log_config=None, access_log=False, proxy_headers=False, server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=settings.stop_seconds,
    )  # fmt: skip


def _load_or_exit(server: ModelServer, log: logging.handlers.QueueListener) -> None:
    """A container that cannot load its model ends at once, so that its start is seen to fail."""
    try:
        server.load()
    except BaseException:  # whatever it is, this process must not live on
        LOG.exception("the model cannot be loaded")
        _leave(log, code=1)


def _start_log() -> logging.handlers.QueueListener:
    lines: queue.Queue[logging.LogRecord] = queue.Queue(MAX_LOG_LINES_WAITING)
    handler = NeverWaiting(lines)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # the rest repeats our own lines
    listener = logging.handlers.QueueListener(lines, logging.StreamHandler(sys.stdout))
    listener.start()
    return listener


def _leave(log: logging.handlers.QueueListener, *, code: int) -> NoReturn:
    """End now: a model that hangs in its thread would keep the interpreter waiting for it."""
    flush = threading.Thread(target=log.stop, daemon=True)
    flush.start()
    flush.join(FLUSH_SECONDS)
    os._exit(code)


def _settings() -> Settings:
    given = _arguments()
    return Settings(
        model_dir=given.model_dir,
        host=given.host,
        port=given.port,
        workers=_number("MODEL_WORKERS", _cores()),
        # A pause of the machine must not become refusals: a quick model empties this in no time.
        waiting_per_worker=_number("WAITING_PER_WORKER", 64),
        stuck_seconds=_number("MODEL_STUCK_SECONDS", 60),
        max_body_bytes=_number("MAX_BODY_BYTES", MAX_BODY_BYTES),
        max_connections=_number("MAX_CONNECTIONS", 512),
        read_seconds=_number("READ_SECONDS", 20),
        # SageMaker kills a container 30 seconds after SIGTERM.
        stop_seconds=_number("STOP_SECONDS", 25),
        access_log=os.environ.get("ACCESS_LOG", "0") == "1",
        version=_header_text("MODEL_VERSION", "unknown"),
    )


def _arguments() -> argparse.Namespace:
    environment = os.environ
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model-dir", type=Path, default=Path(environment.get("SM_MODEL_DIR", "/opt/ml/model"))
    )
    # The container is reached from outside, so it listens on every address of its own network.
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - see above
    parser.add_argument(
        "--port",
        type=int,
        default=_number("SAGEMAKER_BIND_TO_PORT", 8080),
        help="0: any free port; the line `listening` in the log names it",
    )
    return parser.parse_args()


def _cores() -> int:
    """Those that this container may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0))


def _number(variable: str, default: int) -> int:
    given = os.environ.get(variable, str(default))
    if not given.isdecimal() or int(given) < 1:
        sys.exit(f"{variable} is {given!r}; allowed: a whole number from 1")
    return int(given)


def _header_text(variable: str, default: str) -> str:
    given = os.environ.get(variable, default)
    if not (given.isascii() and given.isprintable()):
        sys.exit(f"{variable} is {given!r}; allowed: what a header can carry, printable ASCII")
    return given


if __name__ == "__main__":
    main()
