"""Files are split by line, answered by a real server, joined; one refused line costs its file."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.local_aws.container import JobError, pack
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.serving_check import ServingError
from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rehearsal.local_aws.transform import ScoredFile, TransformJob
from mlops.rollout.content import content_of_archive

# Doubles each x; an x of -1 is refused as the model server does, -2 swallows a line, and -3 fails
# as often as the file `faults` in its folder says.
SERVER = """
import argparse, json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
parser = argparse.ArgumentParser()
for name in ("--model-dir", "--host", "--port"):
    parser.add_argument(name)
given = parser.parse_args()
faults = int(os.environ["FAULTS"])

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        global faults
        assert self.headers["Content-Type"] == self.headers["Accept"] == "application/jsonlines"
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        xs = [json.loads(line)["x"] for line in text.splitlines()]
        if -1 in xs:
            error = {"error": f"row {xs.index(-1)}: x is -1; allowed: from 0"}
            return self.answer(400, json.dumps(error).encode())
        if -3 in xs and faults:
            faults -= 1
            return self.answer(500, b"down")
        lines = [json.dumps({"y": 2 * x}) + "\\n" for x in xs if x != -2]
        return self.answer(200, "".join(lines).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = HTTPServer((given.host, 0), Handler)
print(json.dumps({"event": "listening", "port": server.server_port}), flush=True)
server.serve_forever()
"""
HOME = "s3://artifacts/batch/tiny"


class Bench:
    """A bucket with files in it, and the job over them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.storage = folder, LocalS3(folder / "s3")
        source = folder / "model"
        (source / "code").mkdir(parents=True)
        (source / "code" / "serve.py").write_text(SERVER)
        pack(source, folder / "model.tar.gz")
        self.storage.put(folder / "model.tar.gz", "s3://artifacts/model.tar.gz")
        self.content = content_of_archive((folder / "model.tar.gz").open("rb")).digest
        self.scored: list[ScoredFile] = []
        self.faults = 0

    def run(self, **files: str) -> dict[str, Any]:
        names = [f"{name}.jsonl" for name in files]
        self._put(f"{HOME}/m.manifest", json.dumps([{"prefix": f"{HOME}/input/"}, *names]))
        for name, text in zip(names, files.values(), strict=True):
            self._put(f"{HOME}/input/{name}", text)
        job = TransformJob(
            name="job",
            arguments=self._arguments(),
            archive_uri="s3://artifacts/model.tar.gz",
            content=self.content,
            environment={"FAULTS": str(self.faults)},
            folder=self.folder / "step",
            python=Path(sys.executable),
            storage=self.storage,
        )
        (self.folder / "step").mkdir(exist_ok=True)
        return job.run(Processes(), self.scored)

    def output(self, name: str) -> list[Any] | None:
        path = self.storage.path(f"{HOME}/output/run/{name}.jsonl.out")
        if not path.exists():
            return None
        return [json.loads(line) for line in path.read_text().splitlines()]

    def _put(self, uri: str, text: str) -> None:
        path = self.storage.path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _arguments(self) -> dict[str, Any]:
        lines = "application/jsonlines"
        source = {"S3DataType": "ManifestFile", "S3Uri": f"{HOME}/m.manifest"}
        return {
            "MaxPayloadInMB": 1,
            "ModelClientConfig": {"InvocationsMaxRetries": 3},
            "TransformInput": {"ContentType": lines, "DataSource": {"S3DataSource": source}},
            "TransformOutput": {"Accept": lines, "S3OutputPath": f"{HOME}/output/run"},
            "DataProcessing": {"InputFilter": "$.features", "JoinSource": "Input"},
        }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def lines(*xs: int, padding: int = 0) -> str:
    rows = ({"id": n, "features": {"x": x, "pad": "p" * padding}} for n, x in enumerate(xs))
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_answers_are_joined_to_whole_lines_in_their_order(bench: Bench) -> None:
    properties = bench.run(a=lines(1, 2))

    found = bench.output("a")
    assert found is not None
    assert [(one["id"], one["features"]["x"], one["SageMakerOutput"]) for one in found] == [
        (0, 1, {"y": 2}),
        (1, 2, {"y": 4}),
    ]
    assert properties["TransformJobStatus"] == "Completed"


def test_a_batch_is_never_answered_by_an_archive_that_is_not_the_registered_one(
    bench: Bench,
) -> None:
    bench.content = "0" * 64

    with pytest.raises(ServingError, match="not the one that was approved"):
        bench.run(a='{"x": 1}\n')

    assert bench.output("a") is None


def test_a_request_holds_as_many_lines_as_the_payload_allows(bench: Bench) -> None:
    bench.run(a=lines(*range(5), padding=400_000))

    (file,) = bench.scored
    assert (file.rows, file.requests) == (5, 3)


def test_a_refused_line_is_named_by_its_place_in_the_file_and_costs_the_file(bench: Bench) -> None:
    bad = lines(*range(3), -1, padding=400_000)

    with pytest.raises(JobError, match=r"bad.jsonl: line 4: HTTP 400: .*x is -1"):
        bench.run(good=lines(1), bad=bad)

    assert bench.output("bad") is None
    assert bench.output("good") is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense\n", "line 1 is not JSON"),
        ('\n{"x": 1}\n', "line 2 has no features"),
        (lines(1, padding=1_100_000), "line 1 is longer than MaxPayloadInMB"),
        (lines(1, -2), "2 lines were sent and 1 came back"),
    ],
    ids=["no JSON", "no features", "too long", "an answer is missing"],
)
def test_what_cannot_be_sent_or_joined_costs_the_file(bench: Bench, text: str, said: str) -> None:
    with pytest.raises(JobError, match=said):
        bench.run(a=text)

    assert bench.output("a") is None


@pytest.mark.parametrize(("faults", "answered"), [(3, True), (4, False)])
def test_a_fault_of_the_server_is_tried_again_three_times(
    bench: Bench, faults: int, answered: bool
) -> None:
    bench.faults = faults
    ended: Callable[..., Any] = bench.run

    if answered:
        ended(a=lines(-3))
    else:
        with pytest.raises(JobError, match="HTTP 500: down"):
            ended(a=lines(-3))

    assert (bench.output("a") is not None) is answered
