"""The model registry of the platform, in the stage that trains."""

from collections.abc import Sequence

from aws_cdk import Stack
from constructs import Construct

from mlops_constructs.dashboards.training_dashboard import TrainingDashboard
from mlops_constructs.registry.approval_events import ApprovalEvents
from mlops_constructs.registry.model_package_group import ModelPackageGroup
from mlops_constructs.registry.release_decisions import ReleaseDecisions
from mlops_constructs.registry.training_bus import TrainingBus
from mlops_constructs.site import Site


class RegistryStack(Stack):
    """A group for every model, who acts on approvals, where drift is told, the overview.

    It spans all models, asked for or not: a synthesis of one model must never remove another's
    group.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, models: Sequence[str]) -> None:
        super().__init__(
            scope,
            id_,
            stack_name=f"{site.prefix}-registry",
            description=f"Model registry of {site.names.project}",
        )
        for model in models:
            ModelPackageGroup(self, model, site=site, model=model)
        ApprovalEvents(self, "ApprovalEvents", site=site)
        if site.names.stages.is_automated:
            ReleaseDecisions(self, "ReleaseDecisions", site=site)
        TrainingBus(self, "DriftEvents", site=site)
        TrainingDashboard(self, "Training", site=site, models=models)
