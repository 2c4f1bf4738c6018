"""Every line of a batch becomes a captured request that the drift engine reads."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops_handlers.batch import capture_batch

EVENT = {
    "Run": "abcdefghijkl",
    "Time": "2026-03-01T05:30:00Z",
    "OutputUri": "s3://artifacts/batch/churn/output/abcdefghijkl",
}
HOME = "churn/acme-prod-churn/AllTraffic/2026/03/01/05"
JOINED = {"id": 7, "features": {"age": 40}, "SageMakerOutput": {"probability": 0.5}}


class Bucket:
    def __init__(self, aws: Any, body: Callable[[bytes], Any]) -> None:
        self.outputs: dict[str, bytes] = {}
        self.put: dict[str, list[dict[str, Any]]] = {}
        self.rows: float | None = None
        self.body = body
        aws.operations |= {
            "ListObjectsV2": self.list_objects,
            "GetObject": lambda Key, **_: {"Body": self.body(self.outputs[Key])},
            "PutObject": self.put_object,
            "PutMetricData": self.put_metrics,
        }

    def output(self, name: str, *lines: object) -> None:
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        self.outputs[f"batch/churn/output/abcdefghijkl/{name}"] = text.encode()

    def list_objects(self, *, Bucket: str, Prefix: str, **_: Any) -> Any:
        assert (Bucket, Prefix) == ("artifacts", "batch/churn/output/abcdefghijkl/")
        return {"Contents": [{"Key": key} for key in self.outputs], "IsTruncated": False}

    def put_object(self, *, Bucket: str, Key: str, Body: Any) -> Any:
        assert Bucket == "captures"
        self.put[Key] = [json.loads(line) for line in Body.read().splitlines()]
        return {}

    def put_metrics(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> Any:
        (datum,) = MetricData
        assert (Namespace, datum["MetricName"]) == ("Mlops/Batch", "Rows")
        self.rows = datum["Value"]
        return {}


@pytest.fixture
def bucket(aws: Any, body: Callable[[bytes], Any], monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("CAPTURES", "churn/acme-prod-churn/AllTraffic")
    monkeypatch.setenv("CAPTURE_BUCKET", "captures")
    monkeypatch.setenv("PIPELINE_NAME", "acme-prod-churn-batch")
    return Bucket(aws, body)


def test_a_line_is_a_request_at_the_runs_time_that_labels_can_be_joined_on(bucket: Bucket) -> None:
    bucket.output("a.jsonl.out", JOINED)

    assert capture_batch.handler(EVENT, None) == {"Rows": "1"}
    ((key, (line,)),) = bucket.put.items()
    assert key == f"{HOME}/batch-abcdefghijkl-0-0.jsonl"
    assert line["eventMetadata"] == {
        "eventId": "abcdefghijkl-0-1",
        "inferenceId": "7",
        "inferenceTime": "2026-03-01T05:30:00Z",
    }
    assert line["captureData"]["endpointInput"]["data"] == '{"age": 40}'
    assert line["captureData"]["endpointOutput"]["data"] == '{"probability": 0.5}'


def test_an_id_of_the_platforms_own_requests_is_refused_with_its_line(bucket: Bucket) -> None:
    """The drift engine leaves such requests out, whoever sent them."""
    bucket.output("a.jsonl.out", JOINED, {**JOINED, "id": "mlops-probe-1"})

    with pytest.raises(
        capture_batch.ReservedIdError, match=r"a\.jsonl\.out, line 2: the id mlops-probe-1 begins"
    ):
        capture_batch.handler(EVENT, None)


def test_lines_without_an_id_keep_ids_of_their_own(bucket: Bucket) -> None:
    line = {"features": {"age": 40}, "SageMakerOutput": {"probability": 0.5}}
    bucket.output("a.jsonl.out", line, line)
    bucket.output("b.jsonl.out", line)

    capture_batch.handler(EVENT, None)

    about = [one["eventMetadata"] for lines in bucket.put.values() for one in lines]
    assert [one["eventId"] for one in about] == [
        f"abcdefghijkl-{end}" for end in ("0-1", "0-2", "1-1")
    ]
    assert all("inferenceId" not in one for one in about)
    assert bucket.rows == 3


def test_a_long_output_is_captured_in_files_that_fit_into_memory(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_batch, "_LINES_A_FILE", 2)
    bucket.output("a.jsonl.out", *[JOINED] * 5)

    capture_batch.handler(EVENT, None)

    assert [len(lines) for lines in bucket.put.values()] == [2, 2, 1]


def test_a_line_without_an_answer_stops_the_run_by_its_place(bucket: Bucket) -> None:
    bucket.output("a.jsonl.out", JOINED, {"features": {"age": 40}})

    with pytest.raises(
        capture_batch.NotJoinedError, match=r"a.jsonl.out, line 2: .*SageMakerOutput"
    ):
        capture_batch.handler(EVENT, None)
