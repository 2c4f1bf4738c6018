import gzip
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import Result

from mlops.cli.data import upload_once
from mlops.contract import load_platform, sha256_of

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

        assert upload_once(s3, tmp_path / "unread", "abc", PLACE) == "v7"


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

        assert upload_once(s3, sample, "new", PLACE) == "v8"
        stub.assert_no_pending_responses()
