"""How one model is made."""

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.pipeline import ModelSource
from mlops_constructs.site import Site
from mlops_constructs.training.pipeline_alerts import PipelineAlerts
from mlops_constructs.training.retraining_trigger import RetrainingTrigger, is_automatic
from mlops_constructs.training.training_pipeline import TrainingPipeline


class TrainingStack(Stack):
    """A model's pipeline, its alerts, and what starts it beside people."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        source: ModelSource,
        key: kms.IKey,
        commit: str,
        handlers: Path,
    ) -> None:
        model = source.spec
        super().__init__(
            scope,
            id_,
            stack_name=f"{site.prefix}-{model.name}-training",
            description=f"Training pipeline of {model.name}",
        )
        starter = None
        if is_automatic(model):
            starter = RetrainingTrigger(
                self, "Retraining", site=site, model=model, archive=handlers, key=key
            ).role
        TrainingPipeline(
            self, "Training", site=site, source=source, key=key, commit=commit, starter=starter
        )
        PipelineAlerts(self, "Alerts", site=site, model=model, key=key)
