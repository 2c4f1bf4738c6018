"""What promotes every commit, and what makes commits of approvals and rollbacks."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import Environment, Stack
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops.contract import Names, Platform, Source
from mlops_constructs.delivery.commit_trigger import CommitTrigger
from mlops_constructs.delivery.delivery_alerts import DeliveryAlerts
from mlops_constructs.delivery.delivery_buckets import DeliveryBuckets
from mlops_constructs.delivery.delivery_bus import DeliveryBus
from mlops_constructs.delivery.delivery_key import DeliveryKey
from mlops_constructs.delivery.delivery_notifications import DeliveryNotifications
from mlops_constructs.delivery.delivery_pipeline import (
    DeliveryPipeline,
    DeliveryPipelineProps,
    Promotion,
)
from mlops_constructs.delivery.image_repository import ImageRepository
from mlops_constructs.delivery.pipeline_limits import check_limits
from mlops_constructs.delivery.release_alarm import ReleaseAlarm
from mlops_constructs.delivery.release_automation import ReleaseAutomation, automation_script
from mlops_constructs.delivery.release_triggers import ReleaseTriggers
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.foreign_roles import name_by_condition


class DeliveryStack(Stack):
    """Everything in the delivery account; the pipeline deploys this stack as its first act.

    It spans all models, asked for or not: a synthesis of one model must never remove another's
    repository.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        names: Names,
        source: Source,
        models: Sequence[str],
        promotions: Sequence[Promotion],
    ) -> None:
        self._site = site = DeliverySite(names=names)
        super().__init__(
            scope,
            "Delivery",
            stack_name=site.prefix,
            # Indented, the template of fifty models would be too large for CloudFormation.
            suppress_template_indentation=True,
            description=f"Delivery pipeline, images and events of {names.project}",
            env=Environment(account=site.delivery.account, region=site.delivery.region),
        )
        key = DeliveryKey(self, "Key", site=site).key
        buckets = DeliveryBuckets(self, "Buckets", site=site, key=key)
        bus = DeliveryBus(self, "Events", site=site).bus
        alerts = DeliveryAlerts(self, "Alerts", site=site, pipeline=site.prefix, key=key)
        for model in models:
            ImageRepository(self, f"{model}-Image", site=site, model=model, key=key)
        props = DeliveryPipelineProps(
            source=source, models=models, promotions=promotions,
            artifacts=buckets.artifacts, topic=alerts.topic, key=key,
        )  # fmt: skip
        pipeline = DeliveryPipeline(self, "Promotion", site=site, props=props)
        check_limits(pipeline.actions, names.stages)
        if source.connection is None:
            self._start_by_commits(source, pipeline=pipeline.pipeline, alerts=alerts)
        DeliveryNotifications(
            self, "Notifications", site=site, topic=alerts.topic, pipeline=pipeline.pipeline
        )
        if names.stages.is_automated:
            self._automate(source, alerts=alerts, bus=bus, key=key)
        self._name_bootstrap_roles_by_condition()

    def _name_bootstrap_roles_by_condition(self) -> None:
        """The library lets the stages' deploying roles read artifacts by their ids."""
        for resource in self.node.find_all():
            if isinstance(resource, kms.CfnKey | s3.CfnBucketPolicy):
                name_by_condition(resource, self._site.names)

    def _start_by_commits(
        self, source: Source, *, pipeline: codepipeline.IPipeline, alerts: DeliveryAlerts
    ) -> None:
        CommitTrigger(
            self,
            "Commits",
            site=self._site,
            source=source,
            pipeline=pipeline,
            dead_letters=alerts.dead_letters,
        )

    def _automate(
        self, source: Source, *, alerts: DeliveryAlerts, bus: events.IEventBus, key: kms.IKey
    ) -> None:
        site, script = self._site, automation_script()
        project = ReleaseAutomation(
            self, "Automation", site=site, source=source, script=script, key=key
        ).project
        ReleaseAlarm(self, "AutomationAlarm", site=site, project=project, topic=alerts.topic)
        ReleaseTriggers(
            self,
            "AutomationTriggers",
            site=site,
            bus=bus,
            project=project,
            dead_letters=alerts.dead_letters,
        )


def add_delivery(app: cdk.App, *, platform: Platform, stages: Sequence[cdk.Stage]) -> None:
    """Add the delivery of a whole platform that follows a repository.

    A synthesis of one stage or one model has none: deployed, it would promote only that.
    """
    source = platform.stages.delivery.source
    whole = len(stages) == len(platform.stages.stages) and len(platform.models) == len(
        platform.model_names
    )
    if source is None or not whole:
        return
    promotions = [
        Promotion(spec=spec, stage=stage)
        for spec, stage in zip(platform.stages.stages, stages, strict=True)
    ]
    DeliveryStack(
        app, names=platform.names, source=source, models=platform.model_names, promotions=promotions
    )
