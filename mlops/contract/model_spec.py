"""`model.yaml`: what a data scientist promises about a model, as frozen specs."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mlops.contract.endpoint_spec import EndpointSpec
from mlops.contract.schema_spec import SchemaSpec
from mlops.contract.vocabulary import (
    Finite,
    InstanceType,
    Line,
    Name,
    RelativePath,
    S3Uri,
    Schedule,
    Sha256,
    Spec,
    Text,
    invalid,
)

ProblemType = Literal["regression", "binary-classification"]

METRICS: dict[str, tuple[str, ...]] = {
    "regression": ("r2", "rmse", "mae", "interval_coverage"),
    "binary-classification": (
        "accuracy",
        "roc_auc",
        "log_loss",
        "brier",
        "f1",
        "recall",
        "precision",
    ),
}
"""Metric names that an evaluation of each problem type reports and that gates may name."""


class Owners(Spec):
    """Who answers for what; each an address that a person reads."""

    data_science: Line
    deployment: Line
    on_call: Annotated[Line, Field(description="Channel that is paged by the endpoint's alarms")]


class ProblemSpec(Spec):
    """What is predicted, and how success is measured."""

    type: ProblemType
    target: Annotated[Line, Field(description="Column of the training data that is predicted")]


class DataSpec(Spec):
    """The training data: a committed sample, and where the stage keeps the same bytes."""

    sample: RelativePath
    version: Annotated[
        Sha256, Field(description="SHA-256 of the sample; `mlops data publish` records it")
    ]
    uri: Annotated[
        S3Uri | None, Field(description="Default: a key in the training stage's artifact bucket")
    ] = None
    version_id: Annotated[
        str | None, Field(max_length=1024, description="S3 version id of the object at `uri`")
    ] = None


class ExamplesSpec(Spec):
    """How far an answer to a contract example may move between versions of the model."""

    relative_tolerance: Annotated[float, Field(ge=0, le=10)] = 0.1
    absolute_tolerance: Annotated[float, Field(ge=0)] = 0.0


class StepSpec(Spec):
    """The machine of one pipeline step."""

    instance_type: InstanceType = "ml.m5.large"
    instance_count: Annotated[
        int, Field(ge=1, le=1, description="The steps run on one machine")
    ] = 1
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 20
    timeout_minutes: Annotated[int, Field(ge=1, le=5 * 24 * 60)] = 60


class TrainStepSpec(StepSpec):
    """The training step; every hyper-parameter becomes a parameter of the pipeline."""

    hyperparameters: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")], int | Finite | Line],
        Field(max_length=60),
    ] = Field(default_factory=dict)


class StepsSpec(Spec):
    """The four jobs of the pipeline, in order."""

    preprocess: StepSpec = StepSpec()
    validate_data: StepSpec = StepSpec()
    train: TrainStepSpec = TrainStepSpec()
    evaluate: StepSpec = StepSpec()


class PipelineSpec(Spec):
    """How and when the model is made."""

    schedule: Annotated[
        Schedule | None, Field(description="EventBridge Scheduler expression, UTC; none: on demand")
    ] = None
    cache_days: Annotated[int, Field(ge=0, le=365, description="0 switches step caching off")] = 30
    steps: StepsSpec = StepsSpec()


class Gate(Spec):
    """A condition that a version meets on held-out data, or is not registered."""

    metric: Line
    comparison: Literal["at_least", "at_most"]
    threshold: Finite
    max_regression: Annotated[
        float | None,
        Field(ge=0, description="Not worse than the approved version by more than this"),
    ] = None


class RegistrySpec(Spec):
    """What the model registry is told beside the metrics."""

    domain: Literal["COMPUTER_VISION", "NATURAL_LANGUAGE_PROCESSING", "MACHINE_LEARNING"] = (
        "MACHINE_LEARNING"
    )
    task: Literal["REGRESSION", "CLASSIFICATION", "OTHER"] | None = None
    metadata: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/=+@-]{1,128}$")],
            Annotated[str, Field(max_length=256)],
        ],
        Field(max_length=30),
    ] = Field(default_factory=dict)


class MonitoringSpec(Spec):
    """How drift is looked for."""

    engine: Literal["drift-job", "model-monitor", "none"] = "drift-job"
    schedule: Schedule = "cron(0 6 ? * * *)"
    existing_model_monitor_customer: Annotated[
        bool, Field(description="Model Monitor is closed to new AWS customers since 2026-07-30")
    ] = False

    @model_validator(mode="after")
    def _model_monitor_is_asked_for_twice(self) -> "MonitoringSpec":
        if self.engine == "model-monitor" and not self.existing_model_monitor_customer:
            raise invalid(
                "Model Monitor is closed to AWS customers who did not use it before 2026-07-30",
                allowed="drift-job, none, or existing_model_monitor_customer: true",
                remedy="use engine: drift-job",
            )
        return self


class RetrainingSpec(Spec):
    """When a new version is trained without a person asking."""

    on_drift: bool = True
    cooldown_days: Annotated[int, Field(ge=1, le=90)] = 7
    budget_per_month: Annotated[int, Field(ge=1, le=31)] = 4


class ModelSpec(Spec):
    """One model's contract."""

    name: Name
    description: Text
    owners: Owners
    problem: ProblemSpec
    data: DataSpec
    schema_: Annotated[SchemaSpec, Field(alias="schema")]
    examples: ExamplesSpec = ExamplesSpec()
    pipeline: PipelineSpec = PipelineSpec()
    gates: Annotated[tuple[Gate, ...], Field(min_length=1, max_length=20, strict=False)]
    registry: RegistrySpec = RegistrySpec()
    endpoint: EndpointSpec
    monitoring: MonitoringSpec = MonitoringSpec()
    retraining: RetrainingSpec = RetrainingSpec()

    @property
    def folder(self) -> str:
        """Name of the model's folder and of its Python files' home."""
        return self.name.replace("-", "_")

    @cached_property
    def task(self) -> str:
        """The registry's task: the given one, or the problem type's."""
        default = "REGRESSION" if self.problem.type == "regression" else "CLASSIFICATION"
        return self.registry.task or default
