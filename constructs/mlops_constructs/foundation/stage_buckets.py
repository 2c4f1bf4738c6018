"""The buckets of a stage: artifacts, captured requests, and the access logs of both."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.organization import for_members
from mlops_constructs.retention import apply_to_bucket
from mlops_constructs.site import Site

_KEPT_DAYS: Final = 90
"""What people sent and were answered, by request or by file."""


class StageBuckets(Construct):
    """Private, versioned, encrypted buckets that answer over TLS only.

    Where models are trained, the other configured stages' accounts may read the models and nothing
    else; nobody deletes what a version refers to, and only roles of the stage may write over it,
    because SageMaker's own upload cannot say that an object must be new. EventBridge hears of every
    new artifact: files of a batch, published data.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._key = key
        self.logs = self._log_bucket()
        self.artifacts = self._data_bucket("Artifacts", site.names.artifact_bucket(site.stage))
        self.artifacts.add_lifecycle_rule(
            id="expire-batches",
            prefix=site.names.batch_prefix(""),
            expiration=Duration.days(_KEPT_DAYS),
        )
        self._tell_of_new_artifacts()
        self.captures = self._data_bucket("Captures", site.names.capture_bucket(site.stage))
        self.captures.add_lifecycle_rule(id="expire-captures", expiration=Duration.days(_KEPT_DAYS))
        if site.stage.trains:
            self._keep_versions()
        if site.model_readers:
            self._let_other_stages_read_models()
        apply_to_bucket(self.artifacts, site.model_removal_policy)
        apply_to_bucket(self.captures, site.removal_policy)
        # Access logs arrive hours after the access: this bucket would never be empty at deletion.
        apply_to_bucket(self.logs, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    def _log_bucket(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Logs",
            bucket_name=self._site.names.log_bucket(self._site.stage),
            # Server access logs cannot be delivered to a bucket under a customer-managed key.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[_housekeeping(), self._log_expiry()],
        )

    def _data_bucket(self, id_: str, name: str) -> s3.Bucket:
        return s3.Bucket(
            self,
            id_,
            bucket_name=name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix=f"{id_.lower()}/",
            lifecycle_rules=[_housekeeping()],
        )

    def _log_expiry(self) -> s3.LifecycleRule:
        retention = Duration.days(self._site.stage.log_retention_days)
        return s3.LifecycleRule(id="expire-access-logs", expiration=retention)

    def _tell_of_new_artifacts(self) -> None:
        bucket = self.artifacts.node.default_child
        assert isinstance(bucket, s3.CfnBucket)
        # Not through the library: it would deploy a function of its own that sets this one field.
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )

    def _keep_versions(self) -> None:
        """Keep a version's bytes unchanged; docs/operate/releasing.md has reasons and limits."""
        keys = self._site.names.version_outputs("*")
        resources = [self.artifacts.arn_for_objects(key) for key in keys]
        account, prefix = self._site.stage.account, self._site.prefix
        self.artifacts.add_to_resource_policy(
            iam.PolicyStatement(
                sid="VersionsAreNotDeleted",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=resources,
            )
        )
        self.artifacts.add_to_resource_policy(
            iam.PolicyStatement(
                sid="VersionsAreWrittenOnce",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=resources,
                conditions={
                    "Null": {"s3:if-none-match": "true"},
                    "ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{account}:role/{prefix}-*"},
                },
            )
        )

    def _let_other_stages_read_models(self) -> None:
        # The data that a model was prepared from lies beside it and stays here.
        versions = self._site.names.version_outputs("*")
        self.artifacts.add_to_resource_policy(
            iam.PolicyStatement(
                sid="StagesReadModels",
                principals=[iam.AccountPrincipal(id_) for id_ in self._site.model_readers],
                actions=["s3:GetObject"],
                resources=[self.artifacts.arn_for_objects(keys) for keys in versions],
                conditions=for_members(self._site.names),
            )
        )


def _housekeeping() -> s3.LifecycleRule:
    """Old versions go after a month; parts of a broken upload after a week."""
    return s3.LifecycleRule(
        id="housekeeping",
        abort_incomplete_multipart_upload_after=Duration.days(7),
        noncurrent_version_expiration=Duration.days(30),
    )
