"""What CloudWatch needs to tell people of an alarm: to publish, and to encrypt."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.site import Site


def alarms_publish(topic: sns.ITopic, site: Site | DeliverySite) -> iam.PolicyStatement:
    """For the policy of a topic: this account's alarms may publish to it."""
    return iam.PolicyStatement(
        sid="AlarmsPublish",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[topic.topic_arn],
        conditions=site.from_here,
    )


def alarms_encrypt(site: Site | DeliverySite) -> iam.PolicyStatement:
    """For the policy of the topic's key."""
    # EventBridge is absent on purpose: SNS supports no source condition for it in a key's policy,
    # so rules publish with a role of their own.
    return iam.PolicyStatement(
        sid="AlarmsPublishEncrypted",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        resources=["*"],
        conditions=site.from_here,
    )
