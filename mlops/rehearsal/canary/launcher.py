"""Starts a model's server with a fault in it; run by the interpreter of the model's environment.

`python launcher.py <fault as JSON> <folder of the archive's code> <content.py> <arguments of
serve.py>`. The archive is proved as the image does it, then its own serve.py runs unchanged: its
web application is wrapped when it is handed to uvicorn.
Standard library only, and nothing of the platform, because the environment is the model's.
"""

from __future__ import annotations

import asyncio
import csv
import importlib
import io
import json
import os
import random
import resource
import runpy
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Body = bytes
Change = Callable[[Body], Body]

MEBIBYTE = 1024 * 1024
SPOILED = (b"x-rehearsal-spoiled", b"1")
"""Goes with each answer that a fault changed, to the clients' ledger; AWS has no such header."""


class Fault:
    """What goes wrong, between the web server and the model's own application."""

    def __init__(self, settings: dict[str, Any], schema: dict[str, Any]) -> None:
        self.settings = settings
        self.schema = schema
        self.draw = random.Random(settings.get("seed", 0))  # noqa: S311  # no secret
        self.invocations = 0
        self.leaked: list[bytearray] = []
        self.largest: dict[str, float] = {}

    def around(self, application: Application) -> Application:
        """The application with the fault in front of it."""
        kind = getattr(self, f"_{self.settings['kind'].replace('-', '_')}")
        if "memory_mib" in self.settings:
            _limit_memory(self.settings["memory_mib"])

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope.get("path")
            if scope["type"] == "http" and path in ("/invocations", "/ping"):
                self.invocations += path == "/invocations"
                await kind(application, scope, receive, send)
            else:
                await application(scope, receive, send)

        return faulty

    async def _slow(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/invocations":
            await asyncio.sleep(self.settings["seconds"])
        await app(scope, receive, send)

    async def _errors(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/invocations" and self.draw.random() < self.settings["share"]:
            await _answer(send, self.settings.get("status", 500), b'{"error": "injected"}')
        else:
            await app(scope, receive, send)

    async def _cut(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        """The connection ends in the middle of an answer."""
        if scope["path"] == "/ping" or self.draw.random() >= self.settings["share"]:
            return await app(scope, receive, send)
        events = await _answered(app, scope, await _read(receive))
        body = b"".join(event.get("body", b"") for event in events[1:])
        await send(events[0])
        # A server whose application returns before the last part closes the connection.
        first_half = {"type": "http.response.body", "body": body[: len(body) // 2]}
        await send({**first_half, "more_body": True})
        return None

    async def _crash(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        if self.invocations >= self.settings["request"]:
            os.kill(os.getpid(), signal.SIGSEGV)
        await app(scope, receive, send)

    async def _leak(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/invocations":
            try:
                self.leaked.append(bytearray(self.settings["mib_per_request"] * MEBIBYTE))
            except MemoryError:
                # A container over its memory limit is killed from outside, without a word.
                os.kill(os.getpid(), signal.SIGKILL)
        await app(scope, receive, send)

    async def _no_ping(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/ping":
            await _answer(send, 503, b"")
        else:
            await app(scope, receive, send)

    async def _slow_start(
        self, app: Application, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await app(scope, receive, send)

    async def _request(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        """Another request reaches the model than was sent.

        The fault stands for a mistake behind the model's checks, so a change that they refuse is
        taken back.
        """
        if scope["path"] == "/ping":
            return await app(scope, receive, send)
        change = {"scrambled": self._scrambled, "stale-scaler": self._rescaled}
        sent = await _read(receive)
        changed = _changed(sent, change[self.settings["how"]], self.schema["input"])
        events = await _answered(app, scope, changed)
        if events[0]["status"] == 400:  # noqa: PLR2004  # how the server says that it refused
            events = await _answered(app, scope, sent)
        else:
            events[0]["headers"] = [*events[0]["headers"], SPOILED]
        for event in events:
            await send(event)
        return None

    async def _answer(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        """Another answer leaves the server than the model gave."""
        if scope["path"] == "/ping":
            return await app(scope, receive, send)
        sent = await _read(receive)
        events = await _answered(app, scope, sent)
        body = given = b"".join(event.get("body", b"") for event in events[1:])
        headers = {name.lower(): value for name, value in events[0]["headers"]}
        if events[0]["status"] < 300:  # noqa: PLR2004  # HTTP's own number
            body = self._spoiled(given, sent, dict(scope["headers"]))
            if self.settings["how"] == "mistyped":
                headers[b"content-type"] = b"text/html; charset=utf-8"
        if body != given or self.settings["how"] == "mistyped":
            headers |= [SPOILED]
        headers[b"content-length"] = str(len(body)).encode()
        await send({**events[0], "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": body})
        return None

    def _spoiled(self, answer: bytes, request: bytes, headers: dict[bytes, bytes]) -> bytes:
        """What leaves instead of an answer."""
        how, output = self.settings["how"], self.schema["output"]
        if how in ("empty", "mistyped"):
            return b"" if how == "empty" else answer
        if how == "csv" and not headers.get(b"content-type", b"").startswith(b"text/csv"):
            return answer
        if how == "category":
            kinds = iter(_rows(request, self.schema["input"]))
            return _changed(answer, lambda row: self._inverted_if(row, next(kinds, {})), output)
        change = {"inverted": self._inverted, "csv": self._inverted, "schema": self._renamed}[how]
        return _changed(answer, change, output)

    def _inverted_if(self, answer: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        """Wrong for the rows of one kind: a value of the first field that has few of them."""
        for field in self.schema["input"]:
            few = field.get("allowed") or ([True, False] if field["type"] == "boolean" else [])
            if few:
                return self._inverted(answer) if asked.get(field["name"]) == few[0] else answer
        return self._inverted(answer)

    def _scrambled(self, row: dict[str, Any]) -> dict[str, Any]:
        """Every number takes the place within its range that its neighbour had."""
        fields = self._numeric(row)
        places = [_place(row[field["name"]], field) for field in fields]
        turned = [*places[1:], places[0]] if len(places) > 1 else [1 - place for place in places]
        changed = {f["name"]: _value(p, f) for f, p in zip(fields, turned, strict=True)}
        return {**row, **changed}

    def _rescaled(self, row: dict[str, Any]) -> dict[str, Any]:
        """Every number as a scaler of other data would have it: squeezed and shifted."""
        fields = self._numeric(row)
        changed = {f["name"]: _value(0.7 * _place(row[f["name"]], f) + 0.25, f) for f in fields}
        return {**row, **changed}

    def _numeric(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The fields of a row that a model would scale.

        Integers are mostly codes and parts of a date, so they count only where nothing else does.
        """
        for kind in ("number", "integer"):
            fields = [f for f in self.schema["input"] if f["type"] == kind]
            if fields:
                return [field for field in fields if _is_number(row, field)]
        return []

    def _inverted(self, row: dict[str, Any]) -> dict[str, Any]:
        """Much is little: a number is mirrored in its range, or in what was seen so far."""
        changed = {}
        for field in self.schema["output"]:
            if _is_number(row, field):
                name, value = field["name"], row[field["name"]]
                top = field.get("max", max(self.largest.get(name, 0.0), 2 * abs(value) + 1))
                self.largest[name] = top
                changed[name] = top + field.get("min", 0) - value
        return {**row, **changed}

    def _renamed(self, row: dict[str, Any]) -> dict[str, Any]:
        first = self.schema["output"][0]["name"]
        return {(f"{key}_v2" if key == first else key): value for key, value in row.items()}


def _limit_memory(mebibytes: int) -> None:
    """Allow that much more memory than there is now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * resource.getpagesize() + mebibytes * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _is_number(row: dict[str, Any], field: dict[str, Any]) -> bool:
    value = row.get(field["name"])
    return isinstance(value, int | float) and not isinstance(value, bool)


def _range(field: dict[str, Any]) -> tuple[float, float]:
    low = float(field.get("min", -1000))
    return low, float(field.get("max", low + 2000))


def _place(value: float, field: dict[str, Any]) -> float:
    low, high = _range(field)
    return (value - low) / (high - low or 1)


def _value(place: float, field: dict[str, Any]) -> float:
    low, high = _range(field)
    value = low + min(max(place, 0), 1) * (high - low)
    return round(value) if field["type"] == "integer" else value


def _changed(
    body: bytes,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    fields: list[dict[str, Any]],
) -> bytes:
    """A JSON or CSV body with every row in it changed; any other body as it is."""
    try:
        content = json.loads(body)
    except ValueError:
        return _changed_table(body, change, fields)
    return json.dumps(_each_row(content, change)).encode()


def _changed_table(
    body: bytes,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    fields: list[dict[str, Any]],
) -> bytes:
    rows = [change(row) for row in _table(body, fields)]
    if not rows:
        return body
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _rows(body: bytes, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a request, in its order."""
    found: list[dict[str, Any]] = []

    def keep(row: dict[str, Any]) -> dict[str, Any]:
        found.append(row)
        return row

    _changed(body, keep, fields)
    return found


def _table(body: bytes, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table whose header names a field; none of anything else."""
    try:
        reader = csv.DictReader(io.StringIO(body.decode()), strict=True)
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error):
        return []
    types = {field["name"]: field["type"] for field in fields}
    if not types.keys() & set(reader.fieldnames or ()):
        return []
    return [{name: _typed(cell, types.get(name)) for name, cell in row.items()} for row in lines]


def _typed(cell: str | None, kind: str | None) -> Any:
    if not cell:
        return None
    if kind == "boolean":
        return cell.lower() == "true"
    try:
        return {"integer": int, "number": float}.get(str(kind), str)(cell)
    except ValueError:
        return cell


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _each_row(node: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(node, list):
        return [_each_row(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    if any(isinstance(value, list | dict) for value in node.values()):
        return {key: _each_row(value, change) for key, value in node.items()}
    return change(node)


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    return body


def _once(body: bytes) -> Receive:
    events = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Event:
        return next(events, {"type": "http.disconnect"})

    return receive


async def _answered(app: Application, scope: Scope, body: bytes) -> list[Event]:
    """What the application sends for this body."""
    events: list[Event] = []

    async def keep(event: Event) -> None:
        events.append(event)

    await app(_with_length(scope, len(body)), _once(body), keep)
    return events


def _with_length(scope: Scope, length: int) -> Scope:
    headers = [pair for pair in scope["headers"] if pair[0].lower() != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", str(length).encode())]}


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Hand uvicorn a wrapped application whenever it is handed one, then be serve.py."""
    settings, code = json.loads(sys.argv[1]), Path(sys.argv[2]).resolve()
    proof = runpy.run_path(sys.argv[3])
    proof["require_content"](code.parent, os.environ.get(proof["VARIABLE"]))
    sys.argv = [str(code / "serve.py"), *sys.argv[4:]]
    sys.path[0] = str(code)
    if settings["kind"] == "slow-start":
        time.sleep(settings["seconds"])
    fault = Fault(settings, json.loads((code / "contract.json").read_text())["schema"])
    uvicorn = importlib.import_module("uvicorn")
    configuration = uvicorn.Config

    def faulty(app: Application, *arguments: Any, **options: Any) -> Any:
        sys.stdout.write(json.dumps({"event": "fault armed", "kind": settings["kind"]}) + "\n")
        sys.stdout.flush()
        return configuration(fault.around(app), *arguments, **options)

    vars(uvicorn)["Config"] = faulty
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
