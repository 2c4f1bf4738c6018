"""Every bucket is closed; models are open to exactly the accounts that run them."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.foundation.stage_buckets import StageBuckets
from mlops_constructs.site import Site

BUCKET, POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"


@pytest.fixture(scope="module")
def buckets_of(
    render: Callable[..., Any], site_of: Callable[..., Site], key_in: Callable[..., Any]
) -> Callable[[str], Any]:
    return lambda stage: render(
        lambda stack: StageBuckets(stack, "Buckets", site=site_of(stage), key=key_in(stack))
    )


@pytest.fixture(scope="module")
def dev(buckets_of: Callable[[str], Any]) -> Any:
    return buckets_of("dev")


def named(rendered: Any, purpose: str) -> dict[str, Any]:
    found = [b for b in rendered.all(BUCKET) if f"-{purpose}-" in b["BucketName"]]
    return found[0]


@pytest.mark.parametrize("purpose", ["artifacts", "captures", "logs"])
def test_a_bucket_is_private_versioned_and_cleaned_up(dev: Any, purpose: str) -> None:
    bucket = named(dev, purpose)

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    housekeeping = bucket["LifecycleConfiguration"]["Rules"][0]
    assert housekeeping["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert housekeeping["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30


@pytest.mark.parametrize("purpose", ["artifacts", "captures"])
def test_data_is_encrypted_under_the_stages_key_and_its_access_is_logged(
    dev: Any, purpose: str
) -> None:
    bucket = named(dev, purpose)

    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["BucketKeyEnabled"] is True
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert ":key/" in encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert bucket["LoggingConfiguration"]["LogFilePrefix"] == f"{purpose}/"


def test_every_bucket_answers_over_tls_only(dev: Any) -> None:
    for policy in dev.all(POLICY):
        denials = [
            s
            for s in policy["PolicyDocument"]["Statement"]
            if s["Effect"] == "Deny" and "Sid" not in s
        ]

        assert [s["Condition"] for s in denials] == [{"Bool": {"aws:SecureTransport": "false"}}]
    assert len(dev.all(POLICY)) == len(dev.all(BUCKET)) == 3


def readers(rendered: Any) -> list[dict[str, Any]]:
    statements = [s for p in rendered.all(POLICY) for s in p["PolicyDocument"]["Statement"]]
    return [s for s in statements if s["Effect"] == "Allow" and "AWS" in s["Principal"]]


def test_the_stages_accounts_read_models_and_nothing_else(dev: Any) -> None:
    (reading,) = readers(dev)

    assert reading["Action"] == "s3:GetObject"
    assert {resource["Fn::Join"][1][-1] for resource in reading["Resource"]} == {
        "/models/*/*/Train/*",
        "/models/*/*/Evaluate/*",
        "/models/*/*/Baseline/*",
    }
    assert reading["Principal"]["AWS"] == [
        "arn:aws:iam::300000000000:root",
        "arn:aws:iam::400000000000:root",
    ]


def denials(rendered: Any) -> dict[str, dict[str, Any]]:
    statements = [s for p in rendered.all(POLICY) for s in p["PolicyDocument"]["Statement"]]
    return {s["Sid"]: s for s in statements if s["Effect"] == "Deny" and "Sid" in s}


def test_what_a_version_refers_to_is_deleted_by_nobody(dev: Any) -> None:
    found = denials(dev)["VersionsAreNotDeleted"]

    assert found["Action"] == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert found["Principal"] == {"AWS": "*"}
    assert "Condition" not in found
    assert {resource["Fn::Join"][1][-1] for resource in found["Resource"]} == {
        "/models/*/*/Train/*",
        "/models/*/*/Evaluate/*",
        "/models/*/*/Baseline/*",
    }


def test_only_the_stages_own_roles_write_over_what_a_version_refers_to(dev: Any) -> None:
    found = denials(dev)["VersionsAreWrittenOnce"]

    assert found["Action"] == "s3:PutObject"
    assert found["Principal"] == {"AWS": "*"}
    assert found["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::200000000000:role/acme-dev-*"},
    }
    assert found["Resource"] == denials(dev)["VersionsAreNotDeleted"]["Resource"]


def test_without_training_no_version_is_kept(buckets_of: Callable[[str], Any]) -> None:
    assert denials(buckets_of("prod")) == {}


def test_without_training_no_other_account_reads_anything(
    buckets_of: Callable[[str], Any],
) -> None:
    assert readers(buckets_of("prod")) == []


def test_models_are_kept_while_the_rest_follows_the_stage(dev: Any) -> None:
    kept = {
        resource["Properties"]["BucketName"].split("-")[2]: resource["DeletionPolicy"]
        for resource in dev.resources.values()
        if resource["Type"] == BUCKET
    }

    assert kept == {
        "artifacts": "RetainExceptOnCreate",
        "captures": "Delete",
        "logs": "RetainExceptOnCreate",
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_bucket_keeps_its_policy_as_long_as_itself(
    buckets_of: Callable[[str], Any], stage: str
) -> None:
    resources = buckets_of(stage).resources
    policies = [found for found in resources.values() if found["Type"] == POLICY]

    assert len(policies) == 3
    for policy in policies:
        bucket = resources[policy["Properties"]["Bucket"]["Ref"]]
        for kind in ("DeletionPolicy", "UpdateReplacePolicy"):
            assert policy.get(kind, "Delete") == bucket[kind]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_eventbridge_hears_of_new_artifacts_without_a_function_that_tells_it(
    buckets_of: Callable[[str], Any], stage: str
) -> None:
    rendered = buckets_of(stage)

    heard = [
        bucket["BucketName"].split("-")[2]
        for bucket in rendered.all(BUCKET)
        if bucket.get("NotificationConfiguration", {}).get("EventBridgeConfiguration")
    ]
    assert heard == ["artifacts"]
    assert rendered.all("AWS::Lambda::Function") == []


def test_files_of_batches_are_kept_as_long_as_captured_requests_and_models_for_ever(
    dev: Any,
) -> None:
    rules = {
        bucket["BucketName"].split("-")[2]: [
            (rule.get("Prefix"), rule["ExpirationInDays"])
            for rule in bucket["LifecycleConfiguration"]["Rules"]
            if "ExpirationInDays" in rule
        ]
        for bucket in dev.all(BUCKET)
    }

    assert rules["artifacts"] == [("batch/", 90)]
    assert rules["captures"] == [(None, 90)]
