"""A model in a stage, as its dashboard sees it."""

from dataclasses import dataclass
from typing import Final

from mlops.contract import CanarySpec, Capacity, ModelSpec, Names, StageSpec

VARIANT: Final = "AllTraffic"
"""The variant of every endpoint."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What decides a model's panels: the contract, and what the stage makes of it."""

    endpoint: str
    batch_pipeline: str
    model: ModelSpec
    canary: CanarySpec
    capacity: Capacity
    instance_type: str
    callers_per_minute: float
    """On a usual day in this stage."""

    @classmethod
    def of(cls, names: Names, stage: StageSpec, model: ModelSpec) -> "Served":
        """A model as this stage serves it."""
        capacity = stage.capacity[model.endpoint.tier]
        return cls(
            endpoint=names.endpoint(stage, model.name),
            batch_pipeline=names.batch_pipeline(stage, model.name),
            model=model,
            canary=stage.canary.applied_to(model.endpoint.canary),
            capacity=capacity,
            instance_type=model.endpoint.instance_type or capacity.instance_type,
            callers_per_minute=names.stages.callers_per_minute(stage, model.endpoint),
        )

    @property
    def watched(self) -> bool:
        """Whether a drift job looks at the model."""
        return self.model.monitoring.engine != "none"

    @property
    def dimensions(self) -> dict[str, str]:
        """Dimensions of SageMaker's own metrics of the endpoint."""
        return {"EndpointName": self.endpoint, "VariantName": VARIANT}

    @property
    def named(self) -> dict[str, str]:
        """The one dimension that all metrics of ours have."""
        return {"EndpointName": self.endpoint}
