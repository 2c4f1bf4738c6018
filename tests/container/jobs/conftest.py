"""Versions of a model that says how long a text is: archives without any library."""

import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.container.jobs.contract import Contract, load_contract

INFERENCE = """
import json
def model_fn(model_dir):
    return len
def input_fn(body, content_type):
    return json.loads(body) if content_type == "application/json" else [{"text": body}]
def predict_fn(rows, model):
    return [{"length": model(row["text"]) + EXTRA} for row in rows]
def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
SERVER = """
import argparse, http.server, json, pathlib
import inference
parser = argparse.ArgumentParser()
for name in ("model-dir", "host", "port"):
    parser.add_argument(f"--{name}")
given = parser.parse_args()
model = inference.model_fn(given.model_dir)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        rows = inference.input_fn(body, self.headers["Content-Type"])
        answer = inference.output_fn(inference.predict_fn(rows, model), "application/json")
        self.send_response(201 - 1)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(answer.encode())
    def log_message(self, *_):
        pass
server = http.server.HTTPServer((given.host, int(given.port)), Handler)
print(json.dumps({"event": "listening", "port": server.server_port}), flush=True)
pathlib.Path("served").touch()
server.serve_forever()
"""
CONTRACT: dict[str, Any] = {
    "name": "lengths",
    "problem": {"type": "regression", "target": "length"},
    "schema": {
        "input": [{"name": "text", "type": "string"}],
        "output": [{"name": "length", "type": "integer", "min": 0}],
    },
    "gates": [{"metric": "mae", "comparison": "at_most", "threshold": 0.5, "max_regression": 0.1}],
    "examples": {
        "cases": [
            {"name": "batch", "request": [{"text": "four"}], "response": [{"length": 4}]},
            {"name": "plain", "request": "three", "response": [{"length": 5}]},
        ]
    },
}
MakeVersion = Callable[..., Path]


@pytest.fixture
def version(tmp_path: Path) -> MakeVersion:
    """A channel with a version that answers `extra` more than it should."""

    def make(
        name: str, *, extra: int = 0, code: str = INFERENCE, server: str | None = SERVER
    ) -> Path:
        channel = tmp_path / name
        channel.mkdir()
        files = {
            "code/inference.py": code.replace("EXTRA", str(extra)),
            "code/contract.json": json.dumps(CONTRACT),
            **({"code/serve.py": server} if server else {}),
        }
        with tarfile.open(channel / "model.tar.gz", "w:gz") as packed:
            for path, text in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(text)
                packed.addfile(entry, io.BytesIO(text.encode()))
        return channel

    return make


@pytest.fixture
def served_by() -> str:
    """The server of these versions, to damage it."""
    return SERVER


@pytest.fixture
def packed_contract(tmp_path: Path) -> Contract:
    """The contract as it lies beside the scripts."""
    (tmp_path / "contract.json").write_text(json.dumps(CONTRACT))
    return load_contract(tmp_path)


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the command line of a script."""
    return lambda *given: monkeypatch.setattr(sys, "argv", ["script.py", *map(str, given)])
