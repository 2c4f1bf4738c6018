"""A server of the standard library that answers as the contract asks."""

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--model-dir", type=Path)
parser.add_argument("--host")
parser.add_argument("--port", type=int)
given = parser.parse_args()
slope = json.loads((given.model_dir / "model.json").read_text())["slope"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps([{"y": slope * body["x"]}]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = HTTPServer((given.host, given.port), Handler)
sys.stdout.write(json.dumps({"event": "listening", "port": server.server_port}) + "\n")
sys.stdout.flush()
server.serve_forever()
