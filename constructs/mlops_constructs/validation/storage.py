"""Where data and messages rest: encrypted, private, reachable over TLS only."""

from collections.abc import Iterator
from typing import Any, Final

from mlops.contract.instance_types import has_instance_store
from mlops_constructs.validation.policies import Statement, statements
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.template import Template, is_true, items, resources, text

_BUCKET: Final = "AWS::S3::Bucket"
_TOPIC: Final = "AWS::SNS::Topic"
_QUEUE: Final = "AWS::SQS::Queue"
_BLOCKS: Final = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)
# Resource type of a policy, and the property that says what it is for.
_TARGETS: Final = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}


@rule(
    "ML080",
    why="a key that never changes protects everything that was ever written with it, or nothing",
    remedy="set EnableKeyRotation",
)
def keys_rotate(template: Template) -> Iterator[Fault]:
    """A key rotates."""
    for logical_id, key in resources(template, "AWS::KMS::Key"):
        symmetric = key.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
        if symmetric and not is_true(key.get("EnableKeyRotation")):
            where = "Properties.EnableKeyRotation"
            yield Fault(logical_id=logical_id, where=where, detail="it is off")


@rule(
    "ML081",
    why="a client on plain http sends data and signatures in the clear",
    remedy="deny everything where aws:SecureTransport is false",
)
def transport_is_secure(template: Template) -> Iterator[Fault]:
    """Buckets, topics and queues answer over TLS only."""
    denied = _denied_without_tls(template)
    for kind in (_BUCKET, _TOPIC, _QUEUE):
        for logical_id, properties in resources(template, kind):
            if not denied & {f"${{{logical_id}}}", text(_physical_name(properties))}:
                where = "Properties"
                yield Fault(logical_id=logical_id, where=where, detail="plain http is not denied")


def _physical_name(properties: Any) -> Any:
    names = ("BucketName", "TopicName", "QueueName")
    return next((properties[name] for name in names if name in properties), None)


def _denied_without_tls(template: Template) -> set[str]:
    """The resources whose policy refuses every principal without TLS."""
    return {
        text(target)
        for statement in statements(template)
        if statement.resource_type in _TARGETS and _denies_without_tls(statement)
        for target in items(
            template["Resources"][statement.logical_id]["Properties"].get(
                _TARGETS[statement.resource_type]
            )
        )
    }


def _denies_without_tls(statement: Statement) -> bool:
    everybody = any(principal == "*" for _, principal in statement.principals)
    off = statement.conditions.get("aws:securetransport") == "false"
    return statement.body.get("Effect") == "Deny" and everybody and off


@rule(
    "ML082",
    why="one policy or ACL that somebody adds later must not publish training data",
    remedy="set all four switches of PublicAccessBlockConfiguration",
)
def buckets_are_private(template: Template) -> Iterator[Fault]:
    """A bucket blocks public access."""
    for logical_id, bucket in resources(template, _BUCKET):
        block = bucket.get("PublicAccessBlockConfiguration", {})
        missing = [switch for switch in _BLOCKS if not is_true(block.get(switch))]
        if missing:
            where = "Properties.PublicAccessBlockConfiguration"
            yield Fault(logical_id=logical_id, where=where, detail=f"off: {', '.join(missing)}")


@rule(
    "ML083",
    why="the account's default may change, and models are shared under a key of ours",
    remedy="set BucketEncryption; with aws:kms, name the key",
)
def buckets_encrypt(template: Template) -> Iterator[Fault]:
    """A bucket states its encryption."""
    for logical_id, bucket in resources(template, _BUCKET):
        configured = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        defaults = [one.get("ServerSideEncryptionByDefault", {}) for one in configured]
        if not defaults or not all(map(_is_stated, defaults)):
            where = "Properties.BucketEncryption"
            yield Fault(logical_id=logical_id, where=where, detail="no algorithm or no key")


def _is_stated(default: Any) -> bool:
    if default.get("SSEAlgorithm") == "AES256":
        return True
    return bool(default.get("SSEAlgorithm") and default.get("KMSMasterKeyID"))


@rule(
    "ML084",
    why="models and data must survive an overwrite: a release is reproducible or it is not",
    remedy="set VersioningConfiguration to Enabled",
)
def buckets_keep_versions(template: Template) -> Iterator[Fault]:
    """A bucket keeps versions."""
    for logical_id, bucket in resources(template, _BUCKET):
        if bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled":
            where = "Properties.VersioningConfiguration"
            yield Fault(logical_id=logical_id, where=where, detail="it is not enabled")


@rule(
    "ML085",
    why="alerts quote data and names of models",
    remedy="set KmsMasterKeyId",
)
def topics_encrypt(template: Template) -> Iterator[Fault]:
    """A topic is encrypted."""
    for logical_id, topic in resources(template, _TOPIC):
        if not topic.get("KmsMasterKeyId"):
            where = "Properties.KmsMasterKeyId"
            yield Fault(logical_id=logical_id, where=where, detail="it is missing")


@rule(
    "ML086",
    why="undelivered events carry what was delivered nowhere else",
    remedy="set SqsManagedSseEnabled or KmsMasterKeyId",
)
def queues_encrypt(template: Template) -> Iterator[Fault]:
    """A queue is encrypted."""
    for logical_id, queue in resources(template, _QUEUE):
        if not queue.get("KmsMasterKeyId") and not is_true(queue.get("SqsManagedSseEnabled")):
            yield Fault(logical_id=logical_id, where="Properties", detail="no encryption")


@rule(
    "ML087",
    why="the default keeps logs forever, and under nobody's key",
    remedy="set RetentionInDays and KmsKeyId",
)
def logs_end(template: Template) -> Iterator[Fault]:
    """A log group is encrypted and ends."""
    for logical_id, group in resources(template, "AWS::Logs::LogGroup"):
        for key in ("RetentionInDays", "KmsKeyId"):
            if not group.get(key):
                where = f"Properties.{key}"
                yield Fault(logical_id=logical_id, where=where, detail="it is missing")


@rule(
    "ML088",
    why="they hold customers' data, in the clear to whoever reads the account's default key",
    remedy="set KmsKeyId on the endpoint config, and on its DataCaptureConfig where capture is on",
)
def endpoints_encrypt(template: Template) -> Iterator[Fault]:
    """Captured requests and endpoint volumes are under a key of ours."""
    for logical_id, config in resources(template, "AWS::SageMaker::EndpointConfig"):
        capture = config.get("DataCaptureConfig")
        if not config.get("KmsKeyId") and not _encrypts_by_hardware(config):
            yield Fault(logical_id=logical_id, where="Properties.KmsKeyId", detail="it is missing")
        if capture and not capture.get("KmsKeyId"):
            where = "Properties.DataCaptureConfig.KmsKeyId"
            yield Fault(logical_id=logical_id, where=where, detail="it is missing")


def _encrypts_by_hardware(config: Any) -> bool:
    variants = config.get("ProductionVariants", [])
    return bool(variants) and all(has_instance_store(str(v.get("InstanceType"))) for v in variants)


RULES: Final = (
    keys_rotate,
    transport_is_secure,
    buckets_are_private,
    buckets_encrypt,
    buckets_keep_versions,
    topics_encrypt,
    queues_encrypt,
    logs_end,
    endpoints_encrypt,
)
