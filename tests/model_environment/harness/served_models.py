"""Servers for the tests: the platform's own, around a model made for each case."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JSON = "application/json"
ECHO = """
import json, time
def model_fn(model_dir):
    return "model"
def input_fn(body, content_type):
    order = json.loads(body)
    if order == "bad":
        raise ValueError("hour is 25; allowed: 0 to 23")
    if order == "surrogate":
        raise ValueError("name is \\ud800")
    if order == "long":
        raise ValueError("x" * 100_000)
    return order
def predict_fn(order, model):
    if order == "broken":
        raise KeyError("secret detail")
    if order == "odd shape":
        raise ValueError("a matrix of ours")
    if order == "exhausted":
        next(iter(()))
    if order == "exit":
        raise SystemExit("the model wants to leave")
    if order == "busy":
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass
    if isinstance(order, dict):
        time.sleep(order["sleep"])
    return order
def output_fn(answer, accept):
    if answer == "unwritable":
        raise ValueError("our own mistake")
    return json.dumps([answer, accept])
"""


@dataclass(frozen=True, kw_only=True)
class Server:
    process: subprocess.Popen[str]
    port: int
    lines: list[dict[str, Any]]

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()

    def raw(self, sent: bytes, *, seconds: float = 10) -> bytes:
        """Everything that comes back until the server closes the connection."""
        with self.connected() as connection:
            connection.settimeout(seconds)
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == name]

    def logs(self, text: str) -> bool:
        """Whether a traceback holds a text; it is written after the answer, and read later yet."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if any(text in line.get("traceback", "") for line in self.lines):
                return True
            time.sleep(0.02)
        return False

    def invoke(self, body: bytes | str, **headers: str) -> tuple[int, dict[str, str], str]:
        return self.ask("POST", "/invocations", body, **({"content_type": JSON} | headers))


@contextmanager
def started(script: Path, model_dir: Path, **environment: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, str(script), "--model-dir", str(model_dir), "--host", "127.0.0.1",
         "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=model_dir,
        env={"PATH": "/usr/bin:/bin", **environment},
    )  # fmt: skip
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline())]
    reader = threading.Thread(target=lambda: lines.extend(map(json.loads, process.stdout)))
    reader.start()
    try:
        yield Server(process=process, port=lines[0]["port"], lines=lines)
    finally:
        process.kill()
        process.wait()
        reader.join()


def ready(server: Server) -> Server:
    deadline = time.monotonic() + 60
    while server.ask("GET", "/ping")[0] != 200:
        assert time.monotonic() < deadline, server.lines
        time.sleep(0.05)
    return server


def model_folder(folder: Path, source: str) -> Path:
    (folder / "code").mkdir()
    (folder / "code/inference.py").write_text(source)
    return folder
