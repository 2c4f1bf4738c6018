"""Where the delivery pipeline hands files from action to action."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.retention import apply_to_bucket

_DAYS_KEPT: Final = 90


class DeliveryBuckets(Construct):
    """The artifact bucket under the delivery key, and its access logs.

    Artifacts are made again from a commit, so they end after three months.
    """

    def __init__(self, scope: Construct, id_: str, *, site: DeliverySite, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.logs = s3.Bucket(
            self,
            "Logs",
            bucket_name=site.bucket("logs"),
            # Server access logs cannot be delivered to a bucket under a customer-managed key.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            lifecycle_rules=[_ending()],
        )
        self.artifacts = s3.Bucket(
            self,
            "Artifacts",
            bucket_name=site.bucket("artifacts"),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix="artifacts/",
            lifecycle_rules=[_ending()],
        )
        for bucket in (self.logs, self.artifacts):
            apply_to_bucket(bucket, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def _ending() -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="housekeeping",
        abort_incomplete_multipart_upload_after=Duration.days(7),
        expiration=Duration.days(_DAYS_KEPT),
        noncurrent_version_expiration=Duration.days(30),
    )
