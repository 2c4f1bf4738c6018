# ruff: noqa: N803  # parameters are those of the API, under its own names

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from click.testing import Result

from mlops.cli.data import upload_once
from mlops.contract import load_platform, sha256_of
from mlops_handlers.training.published_data import newest_published


class Store:
    """A session whose client is a bucket that keeps what it is given."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {}

    def client(self, name: str) -> "Store":
        assert name == "s3"
        return self

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        return {"Metadata": self.objects[Key]}

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, Metadata: dict[str, str]
    ) -> dict[str, Any]:
        self.objects[Key] = Metadata
        return {"VersionId": "v1"}

    def get_paginator(self, name: str) -> "Store":
        assert name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        found = [
            {"Key": key, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}
            for key in self.objects
            if key.startswith(Prefix)
        ]
        return [{"Contents": found}]


PLACE = {"Bucket": "mlops-dev-artifacts", "Key": "data/bike-demand/0/hours.csv.gz"}


@pytest.fixture
def s3() -> object:
    return boto3.client(
        "s3", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
    )


def test_recording_a_changed_sample_mends_the_contract_and_keeps_its_comments(
    repository: Path, mlops: Callable[..., Result]
) -> None:
    contract = repository / "model_code/bike_demand/model.yaml"
    sample = contract.parent / "data/hours.csv.gz"
    text = gzip.decompress(sample.read_bytes())
    sample.write_bytes(gzip.compress(text + text.splitlines()[-1] + b"\n", mtime=0))
    before = contract.read_text().splitlines()

    result = mlops("data", "record", "bike-demand")

    after = contract.read_text().splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert result.exit_code == 0, result.output
    assert len(changed) == 1
    assert sha256_of(sample) in changed[0]
    assert load_platform(repository).model("bike-demand").data.version == sha256_of(sample)


def test_recording_an_unknown_model_is_a_usage_error(mlops: Callable[..., Result]) -> None:
    result = mlops("data", "record", "ghost")

    assert result.exit_code == 2
    assert "model_code/ghost/model.yaml" in result.output


def test_a_published_sample_is_not_uploaded_again(s3: object, tmp_path: Path) -> None:
    with Stubber(s3) as stub:
        answer = {"Metadata": {"sha256": "abc"}, "VersionId": "v7"}
        stub.add_response("head_object", answer, PLACE)

        assert upload_once(s3, tmp_path / "unread", {"sha256": "abc"}, PLACE) == "v7"


@pytest.mark.parametrize("found", ["nothing", "another version"])
def test_a_new_sample_is_uploaded_with_its_hash(s3: object, tmp_path: Path, found: str) -> None:
    sample = tmp_path / "a.csv"
    sample.write_bytes(b"a\n1\n")
    with Stubber(s3) as stub:
        if found == "nothing":
            stub.add_client_error("head_object", "404", http_status_code=404)
        else:
            stub.add_response("head_object", {"Metadata": {"sha256": "old"}}, PLACE)
        expected = {**PLACE, "Body": b"a\n1\n", "Metadata": {"sha256": "new"}}
        stub.add_response("put_object", {"VersionId": "v8"}, expected)

        assert upload_once(s3, sample, {"sha256": "new"}, PLACE) == "v8"
        stub.assert_no_pending_responses()


def test_the_same_sample_with_another_training_end_is_published_anew(
    s3: object, tmp_path: Path
) -> None:
    sample = tmp_path / "a.csv"
    sample.write_bytes(b"a\n1\n")
    known = {"sha256": "abc", "training-end": "2026-01-01"}
    metadata = {"sha256": "abc", "training-end": "2026-10-01"}
    with Stubber(s3) as stub:
        stub.add_response("head_object", {"Metadata": known}, PLACE)
        expected = {**PLACE, "Body": b"a\n1\n", "Metadata": metadata}
        stub.add_response("put_object", {"VersionId": "v8"}, expected)

        assert upload_once(s3, sample, metadata, PLACE) == "v8"
        stub.assert_no_pending_responses()


def test_a_training_end_that_is_known_is_kept_by_who_does_not_name_one(
    s3: object, tmp_path: Path
) -> None:
    known = {"sha256": "abc", "training-end": "2026-01-01"}
    with Stubber(s3) as stub:
        stub.add_response("head_object", {"Metadata": known, "VersionId": "v7"}, PLACE)

        assert upload_once(s3, tmp_path / "unread", {"sha256": "abc"}, PLACE) == "v7"


def test_the_retraining_finds_what_was_published(
    repository: Path, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    monkeypatch.setattr("boto3.Session", lambda **_: store)

    result = mlops("data", "publish", "bike-demand", "--training-end", "2012-07-01")

    platform = load_platform(repository)
    prefix = platform.names.data_prefix("bike-demand")
    found = newest_published(store, bucket=json.loads(result.output)["Bucket"], prefix=prefix)
    assert result.exit_code == 0, result.output
    assert found is not None
    assert found.version == platform.model("bike-demand").data.version
    assert found.training_end == date(2012, 7, 1)


def test_a_training_end_that_is_no_date_is_a_usage_error(mlops: Callable[..., Result]) -> None:
    result = mlops("data", "publish", "bike-demand", "--training-end", "october")

    assert result.exit_code == 2
    assert "'october' does not match the format '%Y-%m-%d'" in result.output
