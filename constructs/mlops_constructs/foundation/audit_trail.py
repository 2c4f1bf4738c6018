"""The record of who read and wrote which object of a stage, for whoever audits it."""

from typing import Final

from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.site import Site

_CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"
_PREFIX: Final = "audit"


class AuditTrail(Construct):
    """A trail of data events of the artifact and the capture bucket, and of nothing else.

    Management events are in the account's event history and in the organization's own trail. The
    files lie encrypted beside the access logs, as long as these; signed digests beside them show
    whether a file was changed or is missing. A bucket of its own would keep its name when the
    setting goes, and stand in the way when it returns.
    """

    def __init__(
        self, scope: Construct, id_: str, *, site: Site, logs: s3.Bucket, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._logs = logs
        self._let_cloudtrail_write()
        self._let_cloudtrail_encrypt(key)
        self.trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=site.names.audit_trail(site.stage),
            is_logging=True,
            # The buckets are of one region, and so are the accesses to their objects.
            is_multi_region_trail=False,
            include_global_service_events=False,
            enable_log_file_validation=True,
            kms_key_id=key.key_arn,
            s3_bucket_name=logs.bucket_name,
            s3_key_prefix=_PREFIX,
            advanced_event_selectors=[self._accesses_to_objects()],
        )
        # CloudTrail tries both when the trail is made; the key brings its policy along.
        assert logs.policy is not None
        self.trail.node.add_dependency(logs.policy)

    def _accesses_to_objects(self) -> cloudtrail.CfnTrail.AdvancedEventSelectorProperty:
        field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty
        buckets = (self._site.artifact_bucket_arn, self._site.capture_bucket_arn)
        return cloudtrail.CfnTrail.AdvancedEventSelectorProperty(
            name="Reads and writes of artifacts and captured requests",
            field_selectors=[
                field(field="eventCategory", equal_to=["Data"]),
                field(field="resources.type", equal_to=["AWS::S3::Object"]),
                field(field="resources.ARN", starts_with=[f"{bucket}/" for bucket in buckets]),
            ],
        )

    def _let_cloudtrail_write(self) -> None:
        trail = {"ArnEquals": {"aws:SourceArn": self._site.audit_trail_arn}}
        files = f"{_PREFIX}/AWSLogs/{self._site.stage.account}/*"
        self._logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailReadsTheAcl",
                principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                actions=["s3:GetBucketAcl"],
                resources=[self._logs.bucket_arn],
                conditions=trail,
            )
        )
        self._logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailWrites",
                principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                actions=["s3:PutObject"],
                resources=[self._logs.arn_for_objects(files)],
                conditions={**trail, "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
            )
        )

    def _let_cloudtrail_encrypt(self, key: kms.IKey) -> None:
        arn = self._site.audit_trail_arn
        trail = {"ArnEquals": {"aws:SourceArn": arn}}
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailEncrypts",
                principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                actions=["kms:GenerateDataKey*"],
                resources=["*"],
                conditions={
                    **trail,
                    "StringEquals": {"kms:EncryptionContext:aws:cloudtrail:arn": arn},
                },
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailDescribesTheKey",
                principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                actions=["kms:DescribeKey"],
                resources=["*"],
                conditions=trail,
            )
        )
