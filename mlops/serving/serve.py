"""The server of every model archive: SageMaker's container contract around one `inference.py`.

It stands alone (standard library, starlette, uvicorn), because it is packed beside the model's own
code. `GET /ping` answers 200 once the model is loaded; `POST /invocations` runs input_fn,
predict_fn and output_fn. A ValueError of the first two is the caller's mistake (400); everything
else is ours (500) and tells the caller nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

# `import-not-found`: both live in the model's image, not in the platform's own environment.
import uvicorn  # type: ignore[import-not-found]  # see above
from starlette.applications import Starlette  # type: ignore[import-not-found]  # see above
from starlette.requests import Request  # type: ignore[import-not-found]  # see above
from starlette.responses import JSONResponse, Response  # type: ignore[import-not-found]  # see above
from starlette.routing import Route  # type: ignore[import-not-found]  # see above

LOG = logging.getLogger("serve")
MEDIA_TYPES = ("application/json", "text/csv")
MAX_BODY_BYTES = 6 * 1024 * 1024  # what a real-time endpoint lets through
DROPPED_LIMITS = 4
WAITING_PER_WORKER = 16
STOP_SECONDS = 25  # SageMaker kills a container 30 seconds after SIGTERM
_FIELDS_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message"}


class RefusedError(Exception):
    """A request that is not carried out: a status and the reason for the caller."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The event, its extra fields and, for a failure, the traceback."""
        extra = {k: v for k, v in vars(record).items() if k not in _FIELDS_OF_EVERY_RECORD}
        line = {"level": record.levelname, "event": record.getMessage()} | extra
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the container's environment and the command line decide."""

    model_dir: Path
    host: str
    port: int
    workers: int = field(default_factory=lambda: _number("MODEL_WORKERS", os.cpu_count() or 1))
    max_body_bytes: int = field(default_factory=lambda: _number("MAX_BODY_BYTES", MAX_BODY_BYTES))
    version: str = field(default_factory=lambda: os.environ.get("MODEL_VERSION", "unknown"))


class ModelServer:
    """One model and the requests that run on it; a bounded number at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._workers = ThreadPoolExecutor(settings.workers, thread_name_prefix="model")
        self._inference: ModuleType | None = None
        self._model: Any = None
        self._running = 0

    def load(self) -> None:
        """Import `inference.py` and load the model; from then on /ping answers 200."""
        inference = _import_inference(self._settings.model_dir)
        self._model = inference.model_fn(str(self._settings.model_dir))
        self._inference = inference
        LOG.info("model loaded", extra={"version": self._settings.version})

    def application(self) -> Starlette:
        """The two routes of the container contract."""
        routes = [
            Route("/ping", self._answered(self._ping), methods=["GET"]),
            Route("/invocations", self._answered(self._invoke), methods=["POST"]),
        ]
        return Starlette(routes=routes)

    def _answered(
        self, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint with refusals and failures turned into answers, and our version on each."""

        async def answer(request: Request) -> Response:
            try:
                response = await endpoint(request)
            except RefusedError as refusal:
                LOG.warning("refused", extra={"status": refusal.status, "reason": str(refusal)})
                response = _error(refusal.status, str(refusal))
            except Exception:  # the edge: model code may raise anything
                LOG.exception("failed", extra={"status": 500})
                response = _error(500, "the model failed; the container's log has the reason")
            response.headers["x-model-version"] = self._settings.version
            return response

        return answer

    async def _ping(self, _: Request) -> Response:
        if self._inference is None:
            raise RefusedError(503, "the model is being loaded")
        return Response(status_code=200)

    async def _invoke(self, request: Request) -> Response:
        inference = self._inference
        if inference is None:
            raise RefusedError(503, "the model is being loaded")
        content_type, accept = _content_type(request), _accepted(request)
        self._take_place()
        try:
            body = await self._body(request)
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(
                self._workers, _predict, inference, self._model, body, content_type, accept
            )
        finally:
            self._running -= 1
        return Response(answer, media_type=accept)

    def _take_place(self) -> None:
        most = self._settings.workers * (1 + WAITING_PER_WORKER)
        if self._running >= most:
            raise RefusedError(503, f"{most} requests are under way; try again")
        self._running += 1

    async def _body(self, request: Request) -> bytes:
        """The whole body, if it keeps the limit.

        What is too long is read on and dropped for a while: a caller that is still sending would
        otherwise see a broken connection instead of the reason.
        """
        most, body, size = self._settings.max_body_bytes, bytearray(), 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= most:
                body += chunk
            elif size > DROPPED_LIMITS * most:
                break
        if size > most:
            raise RefusedError(413, f"the body is longer than {most} bytes")
        return bytes(body)


def serve(settings: Settings) -> None:
    """Listen, load the model, answer until SIGTERM; requests under way are finished."""
    server = ModelServer(settings)
    config = uvicorn.Config(
        server.application(),
        log_config=None, access_log=False, timeout_graceful_shutdown=STOP_SECONDS,
        # A full house is refused by `ModelServer`, in JSON.
        limit_concurrency=None,
    )  # fmt: skip
    listener = socket.create_server((settings.host, settings.port), backlog=256)
    LOG.info("listening", extra={"port": listener.getsockname()[1]})
    web = uvicorn.Server(config)
    loading = threading.Thread(target=_load_or_exit, args=(server,), daemon=True)
    loading.start()
    # uvicorn stops on the signal, then raises it again for whoever listened before: nobody.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    web.run(sockets=[listener])
    LOG.info("stopped")


def main() -> None:
    """Command line; SageMaker starts it without arguments."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # its start-up lines repeat ours
    serve(_settings())


def _predict(
    inference: ModuleType, model: Any, body: bytes, content_type: str, accept: str
) -> bytes | str:
    try:
        prediction = inference.predict_fn(inference.input_fn(body, content_type), model)
    except ValueError as error:
        raise RefusedError(400, str(error)) from error
    answer: bytes | str = inference.output_fn(prediction, accept)
    return answer


def _content_type(request: Request) -> str:
    given = str(request.headers.get("content-type", ""))
    if _bare(given) not in MEDIA_TYPES:
        allowed = ", ".join(MEDIA_TYPES)
        raise RefusedError(415, f"Content-Type is {given or 'missing'}; allowed: {allowed}")
    return given


def _accepted(request: Request) -> str:
    """The first media type that the caller accepts; JSON where it does not care."""
    given = str(request.headers.get("accept", "")) or "*/*"
    for wish in map(_bare, given.split(",")):
        if wish in MEDIA_TYPES:
            return wish
        if wish in ("*/*", "application/*"):
            return MEDIA_TYPES[0]
        if wish == "text/*":
            return MEDIA_TYPES[1]
    raise RefusedError(406, f"Accept is {given}; allowed: {', '.join(MEDIA_TYPES)}")


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _error(status: int, reason: str) -> Response:
    headers = {"retry-after": "1"} if status == 503 else None  # noqa: PLR2004 - HTTP's own number
    return JSONResponse({"error": reason}, status_code=status, headers=headers)


def _import_inference(model_dir: Path) -> ModuleType:
    """The model's own module: beside this file, or in the archive's `code`."""
    for folder in (Path(__file__).resolve().parent, model_dir / "code"):
        if (folder / "inference.py").is_file():
            sys.path.insert(0, str(folder))
            return importlib.import_module("inference")
    raise FileNotFoundError(f"{model_dir}: holds no code/inference.py")


def _load_or_exit(server: ModelServer) -> None:
    """A container that cannot load its model ends at once, so that its start is seen to fail."""
    try:
        server.load()
    except BaseException:  # whatever it is, this process must not live on
        LOG.exception("the model cannot be loaded")
        logging.shutdown()
        os._exit(1)


def _number(variable: str, default: int) -> int:
    return int(os.environ.get(variable, default))


def _settings() -> Settings:
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
    given = parser.parse_args()
    return Settings(model_dir=given.model_dir, host=given.host, port=given.port)


if __name__ == "__main__":
    main()
