"""What every other stack of a stage stands on."""

from aws_cdk import Stack
from constructs import Construct

from mlops_constructs.foundation.alert_topic import AlertTopic
from mlops_constructs.foundation.audit_trail import AuditTrail
from mlops_constructs.foundation.dead_letter_queue import DeadLetterQueue
from mlops_constructs.foundation.release_records import ReleaseRecords
from mlops_constructs.foundation.stage_buckets import StageBuckets
from mlops_constructs.foundation.stage_key import StageKey
from mlops_constructs.site import Site


class FoundationStack(Stack):
    """Key, buckets, alerts and dead letters of a stage; its network is given, not made.

    Where the release automation exists, this is also what lets it read how releases went.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=f"{site.prefix}-foundation",
            description=f"Key, buckets and alerts of {site.prefix}",
        )
        self.key = StageKey(self, "Key", site=site).key
        # Also while no stack of the synthesis imports it: the stacks of a model that was unpinned
        # stay until somebody deletes them, and CloudFormation takes no export away from them.
        self.export_value(self.key.key_arn)
        buckets = StageBuckets(self, "Buckets", site=site, key=self.key)
        if site.stage.audit.data_events:
            AuditTrail(self, "Audit", site=site, logs=buckets.logs, key=self.key)
        alerts = AlertTopic(self, "Alerts", site=site, key=self.key)
        DeadLetterQueue(self, "Undelivered", site=site, topic=alerts.topic)
        if site.names.stages.is_automated:
            ReleaseRecords(self, "ReleaseRecords", site=site)
