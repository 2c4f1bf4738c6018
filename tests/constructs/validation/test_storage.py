from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import storage

Details = Callable[..., list[str]]
One = Callable[..., dict[str, Any]]
Template = dict[str, Any]
BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
VALID: dict[str, tuple[str, dict[str, Any]]] = {
    "Data": (
        "AWS::S3::Bucket",
        {
            "PublicAccessBlockConfiguration": BLOCK,
            "VersioningConfiguration": {"Status": "Enabled"},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                        }
                    }
                ]
            },
        },
    ),
    "Key": ("AWS::KMS::Key", {"EnableKeyRotation": True}),
    "Topic": ("AWS::SNS::Topic", {"KmsMasterKeyId": {"Ref": "Key"}}),
    "Queue": ("AWS::SQS::Queue", {"SqsManagedSseEnabled": True}),
    "Log": ("AWS::Logs::LogGroup", {"RetentionInDays": 30, "KmsKeyId": {"Ref": "Key"}}),
    "DataPolicy": ("AWS::S3::BucketPolicy", {"Bucket": {"Ref": "Data"}}),
    "TopicPolicy": ("AWS::SNS::TopicPolicy", {"Topics": [{"Ref": "Topic"}]}),
    "QueuePolicy": ("AWS::SQS::QueuePolicy", {"Queues": [{"Ref": "Queue"}]}),
    "Config": (
        "AWS::SageMaker::EndpointConfig",
        {"KmsKeyId": {"Ref": "Key"}, "DataCaptureConfig": {"KmsKeyId": {"Ref": "Key"}}},
    ),
}


def tls_statement(**changes: object) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    } | changes


@pytest.fixture
def valid() -> Template:
    resources: dict[str, Any] = {}
    for id_, (type_, properties) in VALID.items():
        policy = {"PolicyDocument": {"Statement": [tls_statement()]}}
        extra = policy if type_.endswith("Policy") else {}
        resources[id_] = {"Type": type_, "Properties": {**properties, **extra}}
    return {"Resources": resources}


def change(template: Template, id_: str, **changes: object) -> Template:
    template["Resources"][id_]["Properties"].update(changes)
    return template


@pytest.mark.parametrize("rule", storage.RULES, ids=lambda rule: rule.id)
def test_valid_storage_breaks_no_rule(rule: Any, valid: Template, details: Details) -> None:
    assert details(rule, valid) == []


@pytest.mark.parametrize("rotation", [False, "false", None])
def test_a_key_that_does_not_rotate_is_found(
    rotation: object, valid: Template, details: Details
) -> None:
    assert details(storage.keys_rotate, change(valid, "Key", EnableKeyRotation=rotation)) == [
        "it is off"
    ]


def test_an_asymmetric_key_cannot_rotate(valid: Template, details: Details) -> None:
    template = change(valid, "Key", EnableKeyRotation=False, KeySpec="RSA_2048")

    assert details(storage.keys_rotate, template) == []


@pytest.mark.parametrize("policy", ["DataPolicy", "TopicPolicy", "QueuePolicy"])
@pytest.mark.parametrize(
    "weakened",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "111111111111"}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {}},
    ],
)
def test_plain_http_is_found(
    policy: str, weakened: dict[str, Any], valid: Template, details: Details
) -> None:
    document = {"Statement": [tls_statement(**weakened)]}

    template = change(valid, policy, PolicyDocument=document)

    assert details(storage.transport_is_secure, template) == ["plain http is not denied"]


def test_the_policy_of_another_bucket_does_not_help(valid: Template, details: Details) -> None:
    template = change(valid, "DataPolicy", Bucket={"Ref": "Other"})

    assert details(storage.transport_is_secure, template) == ["plain http is not denied"]


def test_a_policy_may_name_its_bucket(valid: Template, details: Details) -> None:
    change(valid, "Data", BucketName="data")

    assert details(storage.transport_is_secure, change(valid, "DataPolicy", Bucket="data")) == []


@pytest.mark.parametrize("switch", sorted(BLOCK))
def test_a_bucket_that_may_become_public_is_found(
    switch: str, valid: Template, details: Details
) -> None:
    template = change(valid, "Data", PublicAccessBlockConfiguration=BLOCK | {switch: False})

    assert details(storage.buckets_are_private, template) == [f"off: {switch}"]


@pytest.mark.parametrize(
    "encryption",
    [
        {},
        {"ServerSideEncryptionConfiguration": []},
        {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
            ]
        },
    ],
)
def test_a_bucket_without_algorithm_or_key_is_found(
    encryption: dict[str, Any], valid: Template, details: Details
) -> None:
    template = change(valid, "Data", BucketEncryption=encryption)

    assert details(storage.buckets_encrypt, template) == ["no algorithm or no key"]


def test_a_log_bucket_may_use_the_keys_of_s3(valid: Template, details: Details) -> None:
    default = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    encryption = {"ServerSideEncryptionConfiguration": [default]}

    assert (
        details(storage.buckets_encrypt, change(valid, "Data", BucketEncryption=encryption)) == []
    )


def test_a_bucket_without_versions_is_found(valid: Template, details: Details) -> None:
    template = change(valid, "Data", VersioningConfiguration={"Status": "Suspended"})

    assert details(storage.buckets_keep_versions, template) == ["it is not enabled"]


def test_a_topic_in_the_clear_is_found(valid: Template, details: Details) -> None:
    assert len(details(storage.topics_encrypt, change(valid, "Topic", KmsMasterKeyId=None))) == 1


def test_a_queue_in_the_clear_is_found(valid: Template, details: Details) -> None:
    template = change(valid, "Queue", SqsManagedSseEnabled=False)

    assert details(storage.queues_encrypt, template) == ["no encryption"]


@pytest.mark.parametrize("key", ["RetentionInDays", "KmsKeyId"])
def test_a_log_without_end_or_key_is_found(key: str, valid: Template, details: Details) -> None:
    assert details(storage.logs_end, change(valid, "Log", **{key: None})) == ["it is missing"]


def test_an_endpoint_without_keys_is_found(valid: Template, details: Details) -> None:
    template = change(valid, "Config", KmsKeyId=None, DataCaptureConfig={"EnableCapture": True})

    assert details(storage.endpoints_encrypt, template) == ["it is missing", "it is missing"]


def test_an_endpoint_without_capture_needs_no_key_for_it(valid: Template, details: Details) -> None:
    assert details(storage.endpoints_encrypt, change(valid, "Config", DataCaptureConfig=None)) == []


def test_disks_that_encrypt_themselves_take_no_key(valid: Template, details: Details) -> None:
    stored = [{"VariantName": "AllTraffic", "InstanceType": "ml.g5.xlarge"}]
    template = change(valid, "Config", KmsKeyId=None, ProductionVariants=stored)

    assert details(storage.endpoints_encrypt, template) == []
