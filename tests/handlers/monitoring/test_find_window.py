"""What the isolated job reads is laid out for it: files of the window, baseline, settings."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops_handlers.monitoring import find_window

PACKAGE = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn/3"
CAPTURES = "churn/acme-prod-churn/AllTraffic"
EVENT = {"WindowEnd": "2026-03-02", "Time": "2026-03-02T06:00:00Z"}


class Bucket:
    """Objects that are found by prefix, two a page, and what was put."""

    def __init__(self, aws: Any) -> None:
        self.keys = [
            f"{CAPTURES}/2026/02/28/23/a.jsonl",
            *(f"{CAPTURES}/2026/03/01/{hour:02}/a.jsonl" for hour in range(5)),
            f"{CAPTURES}/2026/03/02/00/a.jsonl",
            "ground-truth/acme-prod-churn/2026/03/01/labels.jsonl",
        ]
        self.size = 3
        self.metadata: dict[str, str] = {}
        self.put: dict[str, Any] = {}
        constraints = {
            "ContentType": "application/json",
            "S3Uri": "s3://a/m/e/Baseline/b/constraints.json",
        }
        self.baselines: dict[str, Any] = {"ModelDataQuality": {"Constraints": constraints}}
        aws.operations |= {
            "ListObjectsV2": self.list_objects,
            "PutObject": self.put_object,
            "DescribeModelPackage": self.describe,
        }

    def list_objects(
        self, *, Bucket: str, Prefix: str, ContinuationToken: str = "0", **_: Any
    ) -> Any:
        assert Bucket == "captures"
        found = sorted(key for key in self.keys if key.startswith(Prefix))
        begin = int(ContinuationToken)
        more = begin + 2 < len(found)
        return {
            "Contents": [{"Key": key, "Size": self.size} for key in found[begin : begin + 2]],
            "IsTruncated": more,
            **({"NextContinuationToken": str(begin + 2)} if more else {}),
        }

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **_: Any) -> Any:
        assert Bucket == "captures"
        content = Body.read()
        self.put[Key] = json.loads(content) if content.strip() else content
        return {}

    def describe(self, *, ModelPackageName: str) -> Any:
        return {
            "ModelPackageName": "acme-churn",
            "ModelPackageArn": ModelPackageName,
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "DriftCheckBaselines": self.baselines,
            **({"CustomerMetadataProperties": self.metadata} if self.metadata else {}),
        }


@pytest.fixture
def bucket(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    literals = {
        "BUCKET": "captures",
        "CAPTURES": CAPTURES,
        "GROUND_TRUTH": "ground-truth/acme-prod-churn",
        "JOB": '{"settings": {"psi": 0.1}}',
        "LABEL_DELAY_DAYS": "0",
        "PACKAGE": PACKAGE,
        "REPORTS": "monitoring/churn",
        "WINDOW_DAYS": "1",
    }
    for name, value in literals.items():
        monkeypatch.setenv(name, value)
    return Bucket(aws)


def test_the_manifest_names_the_windows_files_and_no_others(bucket: Bucket) -> None:
    answer = find_window.handler(EVENT, None)

    manifest = bucket.put["monitoring/churn/2026-03-01/input/captures.manifest"]
    assert answer["CapturesUri"].endswith("2026-03-01/input/captures.manifest")
    assert manifest == [
        {"prefix": "s3://captures/"},
        "monitoring/churn/2026-03-01/input/captures/nothing.jsonl",
        *(f"{CAPTURES}/2026/03/01/{hour:02}/a.jsonl" for hour in range(5)),
    ]
    truth = bucket.put["monitoring/churn/2026-03-01/input/truth.manifest"]
    assert truth[2:] == ["ground-truth/acme-prod-churn/2026/03/01/labels.jsonl"]


@pytest.mark.parametrize("metadata", [{}, {"baseline_sha256": "c" * 64}])
def test_the_job_is_told_which_baseline_was_registered(
    bucket: Bucket, metadata: dict[str, str]
) -> None:
    bucket.metadata = metadata

    find_window.handler(EVENT, None)

    job = bucket.put["monitoring/churn/2026-03-01/input/job/job.json"]
    assert job["baseline_sha256"] == metadata.get("baseline_sha256")
    assert job["settings"] == {"psi": 0.1}


def test_without_any_file_the_job_still_has_something_to_read(bucket: Bucket) -> None:
    bucket.keys = []

    find_window.handler(EVENT, None)

    manifest = bucket.put["monitoring/churn/2026-03-01/input/captures.manifest"]
    assert manifest[1:] == ["monitoring/churn/2026-03-01/input/captures/nothing.jsonl"]
    # S3 and SageMaker may take no account of an object without a byte; readers skip a blank line.
    assert bucket.put[manifest[1]] == b"\n"


def test_a_captured_file_without_a_byte_is_left_out(bucket: Bucket) -> None:
    bucket.size = 0

    find_window.handler(EVENT, None)

    manifest = bucket.put["monitoring/churn/2026-03-01/input/captures.manifest"]
    assert manifest[1:] == ["monitoring/churn/2026-03-01/input/captures/nothing.jsonl"]


def test_the_job_finds_baseline_settings_and_bounds(bucket: Bucket) -> None:
    answer = find_window.handler(EVENT, None)

    assert answer["BaselineUri"] == "s3://a/m/e/Baseline/b"
    assert bucket.put["monitoring/churn/2026-03-01/input/job/job.json"] == {
        "baseline_sha256": None,
        "settings": {"psi": 0.1},
    }
    assert answer["ReportUri"] == "s3://captures/monitoring/churn/2026-03-01/report"
    assert answer["Start"] == "2026-03-01T00:00:00+00:00"
    assert answer["End"] == "2026-03-02T00:00:00+00:00"


def test_a_version_without_a_baseline_is_named_with_what_to_do(bucket: Bucket) -> None:
    bucket.baselines = {}

    with pytest.raises(
        find_window.NoBaselineError, match=f"{PACKAGE} has no drift baseline; remedy"
    ):
        find_window.handler(EVENT, None)
