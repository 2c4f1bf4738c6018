"""The customer-managed key under which a stage keeps everything."""

from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.foundation.alarm_permissions import alarms_encrypt
from mlops_constructs.organization import for_members
from mlops_constructs.retention import apply_to_alias
from mlops_constructs.site import Site

_ENCRYPT: Final = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
]


class StageKey(Construct):
    """A rotated key; this stage's CloudWatch may use it, and readers of models decrypt by it."""

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.key = self._key()
        apply_to_alias(self.key, site.key_removal_policy)
        self.key.add_to_resource_policy(alarms_encrypt(site))
        self.key.add_to_resource_policy(self._logs_statement())
        if site.model_readers:
            self._let_other_stages_decrypt()

    def _key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            alias=self._site.names.key_alias(self._site.stage),
            description=f"Data, models, logs and alerts of the stage {self._site.stage.name}",
            enable_key_rotation=True,
            removal_policy=self._site.key_removal_policy,
        )

    def _logs_statement(self) -> iam.PolicyStatement:
        groups = self._site.arn("logs", f"log-group:{self._site.log_group('*')}")
        return iam.PolicyStatement(
            sid="LogGroupsOfThisStage",
            principals=[iam.ServicePrincipal(f"logs.{self._site.stage.region}.amazonaws.com")],
            actions=_ENCRYPT,
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )

    def _let_other_stages_decrypt(self) -> None:
        accounts = [iam.AccountPrincipal(account) for account in self._site.model_readers]
        bucket = self._site.artifact_bucket_arn
        # With a bucket key the context is the bucket; without one it is the object.
        versions = self._site.names.version_outputs("*")
        readable = [bucket, *(f"{bucket}/{keys}" for keys in versions)]
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="StagesDecryptModels",
                principals=accounts,
                actions=["kms:Decrypt"],
                resources=["*"],
                conditions=for_members(
                    self._site.names,
                    {"ArnLike": {"kms:EncryptionContext:aws:s3:arn": readable}},
                ),
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="StagesDescribeTheKey",
                principals=accounts,
                actions=["kms:DescribeKey"],
                resources=["*"],
                conditions=for_members(self._site.names),
            )
        )
