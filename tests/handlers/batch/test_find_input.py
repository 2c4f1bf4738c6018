"""Each upload is taken by one run, and a run that finds nothing says so."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_handlers.batch import find_input

UPLOADED = datetime(2026, 3, 1, 4, tzinfo=UTC)


class Bucket:
    """Objects with their time, found by prefix; a claim can be made once."""

    def __init__(self, aws: Any) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.put: dict[str, Any] = {}
        self.stolen: set[str] = set()
        self.metrics: dict[str, float] = {}
        aws.operations |= {
            "ListObjectsV2": self.list_objects,
            "PutObject": self.put_object,
            "PutMetricData": self.put_metrics,
        }

    def upload(self, key: str, *, size: int = 10, later: int = 0) -> None:
        moment = UPLOADED + timedelta(seconds=later)
        self.objects[key] = {"Key": key, "Size": size, "ETag": '"e"', "LastModified": moment}

    def list_objects(self, *, Bucket: str, Prefix: str, **_: Any) -> Any:
        assert Bucket == "artifacts"
        found = [one for key, one in sorted(self.objects.items()) if key.startswith(Prefix)]
        return {"Contents": found, "IsTruncated": False}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, IfNoneMatch: str = "") -> Any:
        assert Bucket == "artifacts"
        if "/taken/" in Key:
            assert IfNoneMatch == "*"
            if Key in self.objects or self.stolen:
                error = {"Error": {"Code": "PreconditionFailed", "Message": "it is there"}}
                raise ClientError(error, "PutObject")
            self.upload(Key)
        self.put[Key] = json.loads(Body.read())
        return {}

    def put_metrics(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> Any:
        assert Namespace == "Mlops/Batch"
        (dimensions,) = {json.dumps(one["Dimensions"]) for one in MetricData}
        assert json.loads(dimensions) == [
            {"Name": "PipelineName", "Value": "acme-prod-churn-batch"}
        ]
        self.metrics = {one["MetricName"]: one["Value"] for one in MetricData}
        return {}


@pytest.fixture
def bucket(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("BUCKET", "artifacts")
    monkeypatch.setenv("PREFIX", "batch/churn")
    monkeypatch.setenv("PIPELINE_NAME", "acme-prod-churn-batch")
    return Bucket(aws)


@pytest.fixture
def run(bucket: Bucket) -> Callable[[str], list[str]]:
    """The files that a run takes."""

    def files(name: str) -> list[str]:
        answer = find_input.handler({"Run": name}, None)
        manifest = bucket.put[f"batch/churn/runs/{name}.manifest"]
        assert answer == {
            "Files": str(len(manifest) - 1),
            "ManifestUri": f"s3://artifacts/batch/churn/runs/{name}.manifest",
            "OutputUri": f"s3://artifacts/batch/churn/output/{name}",
        }
        assert manifest[0] == {"prefix": "s3://artifacts/batch/churn/input/"}
        return list(manifest[1:])

    return files


def test_what_waits_is_listed_below_the_inputs_prefix(
    bucket: Bucket, run: Callable[[str], list[str]]
) -> None:
    bucket.upload("batch/churn/input/monday/a.jsonl")
    bucket.upload("batch/churn/input/b.jsonl")
    bucket.upload("batch/churn/output/old/b.jsonl.out")

    assert run("first") == ["b.jsonl", "monday/a.jsonl"]
    assert bucket.metrics == {"Runs": 1, "Files": 2, "EmptyFiles": 0}


def test_a_file_is_taken_once_until_it_is_uploaded_again(
    bucket: Bucket, run: Callable[[str], list[str]]
) -> None:
    bucket.upload("batch/churn/input/a.jsonl")

    assert run("first") == ["a.jsonl"]
    assert run("second") == []
    bucket.upload("batch/churn/input/a.jsonl", later=60)
    assert run("third") == ["a.jsonl"]


def test_a_file_that_another_run_claims_in_between_is_left_to_it(
    bucket: Bucket, run: Callable[[str], list[str]]
) -> None:
    bucket.upload("batch/churn/input/a.jsonl")
    bucket.stolen = {"every claim"}

    assert run("slower") == []


def test_another_refusal_of_a_claim_is_no_claim_of_another_run(aws: Any, bucket: Bucket) -> None:
    bucket.upload("batch/churn/input/a.jsonl")

    def denied(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    aws.operations["PutObject"] = denied

    with pytest.raises(ClientError, match="AccessDenied"):
        find_input.handler({"Run": "first"}, None)


def test_an_empty_file_is_counted_once_and_folders_of_the_console_are_none(
    bucket: Bucket, run: Callable[[str], list[str]]
) -> None:
    bucket.upload("batch/churn/input/", size=0)
    bucket.upload("batch/churn/input/empty.jsonl", size=0)

    assert run("first") == []
    assert bucket.metrics["EmptyFiles"] == 1
    assert run("second") == []
    assert bucket.metrics == {"Runs": 1, "Files": 0, "EmptyFiles": 0}
