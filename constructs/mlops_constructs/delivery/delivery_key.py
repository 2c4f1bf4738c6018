"""The customer-managed key of the delivery account."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.foundation.alarm_permissions import alarms_encrypt
from mlops_constructs.retention import apply_to_alias


class DeliveryKey(Construct):
    """A rotated key over artifacts, images, alerts and logs of the delivery.

    This account's alarms and logs may use it. The pipeline lets the deploying roles of the stages
    decrypt artifacts; nobody else is named.
    """

    def __init__(self, scope: Construct, id_: str, *, site: DeliverySite) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{site.prefix}",
            description=f"Artifacts, images, alerts and logs of {site.prefix}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        apply_to_alias(self.key, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.key.add_to_resource_policy(alarms_encrypt(site))
        self.key.add_to_resource_policy(_logs_statement(site))


def _logs_statement(site: DeliverySite) -> iam.PolicyStatement:
    groups = site.arn("logs", f"log-group:{site.log_group('*')}")
    return iam.PolicyStatement(
        sid="LogGroupsOfTheDelivery",
        principals=[iam.ServicePrincipal(f"logs.{site.delivery.region}.amazonaws.com")],
        actions=[
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )
