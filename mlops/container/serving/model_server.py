"""The application that the server runs: SageMaker's routes around one `inference.py`.

`GET /ping` answers 200 while the model can answer; `POST /invocations` runs input_fn, predict_fn
and output_fn. A ValueError of input_fn is the caller's mistake (400); everything else is ours (500)
and tells the caller nothing. What callers can make us hold is bounded: time, bytes, requests.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

# `import-not-found`: starlette lives in the model's image, not in the platform's own environment.
from starlette.requests import ClientDisconnect, Request  # type: ignore[import-not-found]  # see above
from starlette.responses import Response  # type: ignore[import-not-found]  # see above

LOG = logging.getLogger("serve")
MEDIA_TYPES = ("application/json", "text/csv", "application/jsonlines")
METHODS = {"/ping": ("GET", "HEAD"), "/invocations": ("POST",)}
MAX_REASON_CHARACTERS = 1000
MAX_HEAD_BYTES = 64 * 1024
DROPPED_LIMITS = 4
HELD_LIMITS = 16
LONG_HELD_LIMITS = 4  # of bodies so long that more of them would fill a small machine
HELD_BYTES = 96 * 1024 * 1024
WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
CROWDED = "crowded"
"""What a connection's state says where there is room for a health check alone."""


class RefusedError(Exception):
    """A request that is not carried out: a status and the reason for the caller."""

    def __init__(self, status: HTTPStatus, reason: str, **headers: str) -> None:
        self.status = status
        self.headers = headers
        super().__init__(reason[:MAX_REASON_CHARACTERS])


class ModelFailedError(Exception):
    """The model's own code raised; the cause says what."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the container's environment and the command line decide."""

    model_dir: Path
    host: str
    port: int
    workers: int
    waiting_per_worker: int
    stuck_seconds: int
    max_body_bytes: int
    max_connections: int
    read_seconds: int
    stop_seconds: int
    access_log: bool
    version: str

    @property
    def places(self) -> int:
        """Requests that run or wait for a worker."""
        return self.workers * (1 + self.waiting_per_worker)

    @property
    def held_bytes(self) -> int:
        """Bytes of all bodies that are held at once."""
        longest = self.max_body_bytes
        return min(HELD_LIMITS * longest, max(LONG_HELD_LIMITS * longest, HELD_BYTES))


class ModelServer:
    """One model and the requests that run on it; an ASGI application."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._workers = ThreadPoolExecutor(settings.workers, thread_name_prefix="model")
        self._inference: ModuleType | None = None
        self._model: Any = None
        self._running = 0
        self._held_bytes = 0
        self._began: dict[int, float] = {}  # by worker thread, while the model works there
        self.refusals = Refusals()

    def load(self) -> None:
        """Import `inference.py` and load the model; from then on /ping answers 200."""
        inference = _import_inference(self.settings.model_dir)
        self._model = inference.model_fn(str(self.settings.model_dir))
        self._inference = inference
        LOG.info("model loaded", extra={"version": self.settings.version})

    @property
    def busy(self) -> int:
        """How many requests the model is working on."""
        return len(self._began)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, answered whatever happens, with our version on the answer."""
        began, request = time.monotonic(), Request(scope, receive)
        try:
            response = await self._answer(request)
        except RefusedError as refusal:
            self.refusals.tell(refusal)
            response = refused(refusal, self.settings.version)
        except ClientDisconnect:
            return
        except ModelFailedError:
            LOG.exception("failed", extra={"status": 500})
            failure = "the model failed; the container's log has the reason"
            reason = RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, failure)
            response = refused(reason, self.settings.version)
        if _is_crowded(request):
            # Its place is for the next health check.
            response.headers["connection"] = "close"
        if self.settings.access_log:
            _log_access(scope, response, time.monotonic() - began)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path, method = request.scope["path"], request.method
        if path not in METHODS:
            allowed = " and ".join(METHODS)
            raise RefusedError(HTTPStatus.NOT_FOUND, f"there are {allowed}", connection="close")
        if method not in METHODS[path]:
            allow = ", ".join(METHODS[path])
            reason = f"the method is {method}; allowed: {allow}"
            raise RefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED, reason, allow=allow, connection="close"
            )
        _refuse_long_head(request)
        return await self._invoke(request) if path == "/invocations" else self._ping()

    def _ping(self) -> Response:
        self._loaded()
        now, most = time.monotonic(), self.settings.stuck_seconds
        if any(now - began > most for began in list(self._began.values())):
            raise unavailable(f"the model has worked on one request for over {most} s")
        return Response(headers=_naming(self.settings.version))

    def _refuse_crowd(self, request: Request) -> None:
        if _is_crowded(request):
            most = self.settings.max_connections
            raise unavailable(f"{most} connections are open")

    async def _invoke(self, request: Request) -> Response:
        body = bytearray()
        try:
            # Read before anything is refused: who still sends would see a broken connection.
            await self._read(request, body)
            self._refuse_crowd(request)
            inference = self._loaded()
            content_type, accept = _content_type(request), _accepted(request)
            answer = await self._predicted(inference, bytes(body), content_type, accept)
        finally:
            self._held_bytes -= len(body)
        headers = _naming(self.settings.version)
        return Response(answer, media_type=accept, headers=headers)

    def _loaded(self) -> ModuleType:
        if self._inference is None:
            raise unavailable("the model is being loaded")
        return self._inference

    async def _predicted(self, inference: ModuleType, *call: Any) -> bytes:
        if self._running >= self.settings.places:
            raise unavailable(f"{self.settings.places} requests are under way; try again")
        self._running += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._workers, self._work, inference, *call)
        finally:
            self._running -= 1

    def _work(self, inference: ModuleType, *call: Any) -> bytes:
        """The model's functions, in a worker's thread, with a note of when they began."""
        thread = threading.get_ident()
        self._began[thread] = time.monotonic()
        try:
            return _predict(inference, self._model, *call)
        finally:
            del self._began[thread]

    async def _read(self, request: Request, body: bytearray) -> None:
        """Fill `body`, if it keeps the limits of size and time."""
        most, seconds = self.settings.max_body_bytes, self.settings.read_seconds
        try:
            async with asyncio.timeout(seconds):
                size = await self._receive(request, body)
        except TimeoutError as error:
            reason = f"the body took longer than {seconds} s"
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, reason, connection="close") from error
        if size > most:
            reason = f"the body is longer than {most} bytes"
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason, connection="close")

    async def _receive(self, request: Request, body: bytearray) -> int:
        """Keep what the limit allows; read on and drop what is longer, for a while."""
        size, most = 0, self.settings.max_body_bytes
        async for chunk in request.stream():
            size += len(chunk)
            if size > DROPPED_LIMITS * most:
                break
            if size <= most:
                self._hold(len(chunk))
                body += chunk
        return size

    def _hold(self, size: int) -> None:
        if self._held_bytes + size > self.settings.held_bytes:
            raise unavailable("too many long bodies at once; try again", connection="close")
        self._held_bytes += size


class Refusals:
    """At most one line of log a second, with how many it stands for: overload must not flood it."""

    def __init__(self) -> None:
        self._told = -1.0
        self._untold = 0

    def tell(self, refusal: RefusedError) -> None:
        """Log this one, unless one was logged just now."""
        self._untold += 1
        if (now := time.monotonic()) - self._told >= 1:
            told = {"status": refusal.status, "reason": str(refusal), "refused": self._untold}
            LOG.warning("refused", extra=told)
            self._told, self._untold = now, 0


def refused(refusal: RefusedError, version: str) -> Response:
    """The answer to a request that is not carried out."""
    # Escaped to ASCII: a reason may quote what no encoding can carry.
    body = json.dumps({"error": str(refusal)})
    headers = {**_naming(version), **refusal.headers}
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "1"
    return Response(body, refusal.status, headers=headers, media_type=MEDIA_TYPES[0])


def _naming(version: str) -> dict[str, str]:
    """The version for whoever speaks to the container, and for the endpoint's callers.

    SageMaker hands on no header of a container but the second.
    """
    return {
        "x-model-version": version,
        "x-amzn-sagemaker-custom-attributes": f"model-version={version}",
    }


def unavailable(reason: str, **headers: str) -> RefusedError:
    """A refusal that a second try may spare."""
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, reason, **headers)


def _predict(
    inference: ModuleType, model: Any, body: bytes, content_type: str, accept: str
) -> bytes:
    try:
        order = _ordered(inference, body, content_type)
        answer = inference.output_fn(inference.predict_fn(order, model), accept)
        # Here, where what cannot be sent is the model's failure as well.
        return answer.encode() if isinstance(answer, str) else bytes(memoryview(answer))
    except RefusedError:
        raise
    except BaseException as error:  # a StopIteration or SystemExit would be lost on its way back
        raise ModelFailedError from error


def _ordered(inference: ModuleType, body: bytes, content_type: str) -> Any:
    try:
        return inference.input_fn(body, content_type)
    except RecursionError as error:
        reason = "the body is nested too deeply"
        raise RefusedError(HTTPStatus.BAD_REQUEST, reason) from error
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error


def _is_crowded(request: Request) -> bool:
    return bool(request.scope.get("state", {}).get(CROWDED))


def _content_type(request: Request) -> str:
    given = str(request.headers.get("content-type", ""))
    if _bare(given) not in MEDIA_TYPES:
        reason = f"Content-Type is {given or 'missing'}; allowed: {', '.join(MEDIA_TYPES)}"
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, reason)
    return given


def _accepted(request: Request) -> str:
    """The media type of most weight, the first named of several; JSON where the caller is open."""
    given = str(request.headers.get("accept", "")) or "*/*"
    wishes = [_wish(entry, given) for entry in given.split(",") if entry.strip()]
    # Of equals the first counts: `max` keeps the order of our own types.
    weight, _, kind = max((_offer(kind, wishes) for kind in MEDIA_TYPES), key=lambda o: o[:2])
    if weight > 0:
        return kind
    reason = f"Accept is {given}; allowed: {', '.join(MEDIA_TYPES)}"
    raise RefusedError(HTTPStatus.NOT_ACCEPTABLE, reason)


def _offer(kind: str, wishes: list[tuple[str, float]]) -> tuple[float, int, str]:
    """A type's weight and how early it is named; its most specific entry decides, 0 excludes it."""
    for media_range in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        for place, (name, weight) in enumerate(wishes):
            if name == media_range:
                return weight, -place, kind
    return 0.0, 0, kind


def _wish(entry: str, given: str) -> tuple[str, float]:
    """A media range and its weight (RFC 9110, section 12.4.2)."""
    for parameter in entry.split(";")[1:]:
        name, _, value = (part.strip().lower() for part in parameter.partition("="))
        if name == "q":
            if not WEIGHT.fullmatch(value):
                reason = f"Accept is {given}; allowed: a weight q from 0 to 1, like 0.5"
                raise RefusedError(HTTPStatus.NOT_ACCEPTABLE, reason)
            return _bare(entry), float(value)
    return _bare(entry), 1.0


def _refuse_long_head(request: Request) -> None:
    """However it came: a head that arrives whole is longer than a part of it that is waited for."""
    scope = request.scope
    size = sum(len(name) + len(value) + len(b": \r\n") for name, value in scope["headers"])
    size += len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if size > MAX_HEAD_BYTES:
        raise too_long_head()


def too_long_head() -> RefusedError:
    """The refusal of a request whose headers are too long."""
    reason = f"the headers are longer than {MAX_HEAD_BYTES} bytes"
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return RefusedError(status, reason, connection="close")


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _log_access(scope: Any, response: Response, seconds: float) -> None:
    line = {
        "method": scope["method"],
        "path": scope["path"],
        "status": response.status_code,
        "bytes": len(response.body),
        "ms": round(1000 * seconds, 2),
    }
    LOG.info("answered", extra=line)


def _import_inference(model_dir: Path) -> ModuleType:
    """The model's own module: beside this file, or in the archive's `code`."""
    for folder in (Path(__file__).resolve().parent, model_dir / "code"):
        if (folder / "inference.py").is_file():
            sys.path.insert(0, str(folder))
            return importlib.import_module("inference")
    raise FileNotFoundError(f"{model_dir}: holds no code/inference.py")
