"""What guards a retained resource: its policy and its alias, kept exactly as long as it is.

A stack that went must not take away the permission by which others still read what it left behind.
"""

from aws_cdk import RemovalPolicy, Resource
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3


def apply_to_bucket(bucket: s3.Bucket, policy: RemovalPolicy) -> None:
    """Keep a bucket and its policy, or neither."""
    bucket.apply_removal_policy(policy)
    if bucket.policy is not None:
        bucket.policy.apply_removal_policy(policy)


def apply_to_alias(key: kms.Key, policy: RemovalPolicy) -> None:
    """Keep a key's alias as its key: policies of other accounts name the key by it."""
    alias = key.node.find_child("Alias")
    assert isinstance(alias, Resource)
    alias.apply_removal_policy(policy)
