"""Where a stage tells people that something needs them."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs.foundation.alarm_permissions import alarms_publish
from mlops_constructs.site import Site


class AlertTopic(Construct):
    """An encrypted topic to which only this account's alarms and granted roles may publish."""

    def __init__(self, scope: Construct, id_: str, *, site: Site, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=site.names.alert_topic(site.stage),
            master_key=key,
            enforce_ssl=True,
        )
        self.topic.add_to_resource_policy(alarms_publish(self.topic, site))
