"""Artifacts of the delivery: private, encrypted, versioned, and gone after three months."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.delivery_buckets import DeliveryBuckets
from mlops_constructs.delivery_site import DeliverySite

BUCKET, POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"


@pytest.fixture(scope="module")
def buckets(render: Callable[..., Any], names: Names, key_in: Any) -> Any:
    site = DeliverySite(names=names)
    return render(lambda stack: DeliveryBuckets(stack, "B", site=site, key=key_in(stack)))


def test_the_names_carry_account_and_region(buckets: Any) -> None:
    assert [bucket["BucketName"] for bucket in buckets.all(BUCKET)] == [
        "acme-delivery-logs-100000000000-eu-west-1",
        "acme-delivery-artifacts-100000000000-eu-west-1",
    ]


def test_artifacts_are_under_the_delivery_key(buckets: Any) -> None:
    _, artifacts = buckets.all(BUCKET)

    (rule,) = artifacts["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"].startswith("arn:aws:kms:")


def test_what_is_kept_ends(buckets: Any) -> None:
    expirations = [
        rule["ExpirationInDays"]
        for bucket in buckets.all(BUCKET)
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]

    assert expirations == [90, 90]


def test_what_is_overwritten_or_deleted_can_be_restored(buckets: Any) -> None:
    assert [bucket["VersioningConfiguration"] for bucket in buckets.all(BUCKET)] == [
        {"Status": "Enabled"}
    ] * 2


def test_access_to_artifacts_is_logged(buckets: Any) -> None:
    _, artifacts = buckets.all(BUCKET)

    assert artifacts["LoggingConfiguration"]["LogFilePrefix"] == "artifacts/"


def test_a_bucket_keeps_its_policy_as_long_as_itself(buckets: Any) -> None:
    policies = [found for found in buckets.resources.values() if found["Type"] == POLICY]

    assert len(policies) == 2
    for policy in policies:
        bucket = buckets.resources[policy["Properties"]["Bucket"]["Ref"]]
        for kind in ("DeletionPolicy", "UpdateReplacePolicy"):
            assert policy.get(kind) == bucket[kind]
            assert bucket[kind].startswith("Retain")
