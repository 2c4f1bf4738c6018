"""A model server of the standard library: y is slope times x."""

import argparse
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

parser = argparse.ArgumentParser()
parser.add_argument("--model-dir", type=Path)
parser.add_argument("--host")
parser.add_argument("--port", type=int)
given = parser.parse_args()
slope = json.loads((given.model_dir / "model.json").read_text())["slope"]
version = os.environ["MODEL_VERSION"].encode()


async def application(scope, receive, send):
    body = (await receive())["body"]
    status, answer = 200, b""
    if scope["path"] == "/invocations":
        answer = json.dumps([{"y": slope * json.loads(body)["x"]}]).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(answer)),
        (b"x-model-version", version),
    ]
    if "ONLY_OWN_HEADER" not in os.environ:
        headers.append((b"x-amzn-sagemaker-custom-attributes", b"model-version=" + version))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


if "REFUSES_TO_START" in os.environ:
    sys.exit("no licence for this model")
listener = socket.create_server((given.host, given.port), backlog=256)
listener.setblocking(False)
sys.stdout.write(json.dumps({"event": "listening", "port": listener.getsockname()[1]}) + "\n")
sys.stdout.flush()
uvicorn.Server(uvicorn.Config(application)).run(sockets=[listener])
