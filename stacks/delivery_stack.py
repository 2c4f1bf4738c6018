"""What promotes every commit: the pipeline, the images' repositories, and the stages' reports."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import Environment, Stack
from constructs import Construct

from mlops.contract import Names, Platform, Source
from mlops_constructs.delivery_alerts import DeliveryAlerts
from mlops_constructs.delivery_buckets import DeliveryBuckets
from mlops_constructs.delivery_bus import DeliveryBus
from mlops_constructs.delivery_key import DeliveryKey
from mlops_constructs.delivery_pipeline import DeliveryPipeline, Promotion
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.image_repository import ImageRepository
from mlops_constructs.pipeline_limits import check_limits


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
        site = DeliverySite(names=names)
        super().__init__(
            scope,
            "Delivery",
            stack_name=site.prefix,
            description=f"Delivery pipeline, images and events of {names.project}",
            env=Environment(account=site.delivery.account, region=site.delivery.region),
        )
        key = DeliveryKey(self, "Key", site=site).key
        buckets = DeliveryBuckets(self, "Buckets", site=site, key=key)
        DeliveryBus(self, "Events", site=site)
        alerts = DeliveryAlerts(self, "Alerts", site=site, pipeline=site.prefix, key=key)
        for model in models:
            ImageRepository(self, f"{model}-Image", site=site, model=model, key=key)
        pipeline = DeliveryPipeline(
            self,
            "Promotion",
            site=site,
            source=source,
            models=models,
            promotions=promotions,
            artifacts=buckets.artifacts,
            topic=alerts.topic,
            key=key,
        )
        check_limits(pipeline.actions, names.stages)


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
