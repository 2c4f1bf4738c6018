"""`model.yaml`: what a data scientist promises about a model, as frozen specs."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mlops.contract.batch_spec import BatchSpec
from mlops.contract.endpoint_spec import EndpointSpec
from mlops.contract.metrics import GROUP_METRICS, METRICS, ProblemType
from mlops.contract.monitoring_spec import MonitoringSpec, RetrainingSpec
from mlops.contract.schema_spec import SchemaSpec
from mlops.contract.vocabulary import (
    Day,
    FieldName,
    Hyperparameter,
    Line,
    MetadataKey,
    MetadataValue,
    ModelName,
    ProcessingInstanceType,
    S3Uri,
    SamplePath,
    Schedule,
    Sha256,
    Spec,
    Text,
    TrainingInstanceType,
    joined,
)


class Owners(Spec):
    """Who answers for what; each an address that a person reads."""

    data_science: Annotated[Line, Field(description="Who answers for the model")]
    deployment: Annotated[Line, Field(description="Who answers for its stages and releases")]
    on_call: Annotated[
        Line,
        Field(description="Named in every alarm and dashboard; alarms go to the stage's topic"),
    ]


class GroupSpec(Spec):
    """A field that divides people into groups whose rates are measured side by side."""

    field: Annotated[FieldName, Field(description="A field of schema.input with allowed values")]
    names: Annotated[
        dict[str, Line],
        Field(min_length=2, max_length=50, description="What each allowed value stands for"),
    ]
    minimum_rows: Annotated[
        int, Field(ge=1, description="A rate over fewer test rows is reported, not judged")
    ] = 100


class ProblemSpec(Spec):
    """What is predicted, and how success is measured."""

    type: Annotated[ProblemType, Field(description="Decides which metrics gates may name")]
    target: Annotated[Line, Field(description="Column of the training data that is predicted")]
    groups: Annotated[
        tuple[GroupSpec, ...],
        Field(max_length=10, strict=False, description="People that a version must not tell apart"),
    ] = ()


class DataSpec(Spec):
    """The training data: a committed sample, and where the stage keeps the same bytes."""

    sample: Annotated[
        SamplePath, Field(description="CSV file below the model's folder, .gz or plain")
    ]
    version: Annotated[
        Sha256, Field(description="SHA-256 of the sample; `mlops data record` writes it")
    ]
    uri: Annotated[
        S3Uri | None, Field(description="Default: a key in the training stage's artifact bucket")
    ] = None
    version_id: Annotated[
        str | None, Field(max_length=1024, description="S3 version id of the object at `uri`")
    ] = None
    training_end: Annotated[
        Day | None,
        Field(description="Rows from this day on are `later`; none: everything is trained on"),
    ] = None

    @model_validator(mode="after")
    def _a_version_id_has_its_object(self) -> "DataSpec":
        if self.version_id is not None and self.uri is None:
            raise joined(
                "version_id",
                "uri",
                problem="version_id is given without the uri whose version it is",
                allowed="both, or uri alone, or neither",
                remedy="add uri, or remove version_id",
                got=self.version_id,
            )
        return self


class ExamplesSpec(Spec):
    """How far an answer to a contract example may move between versions of the model."""

    relative_tolerance: Annotated[
        float, Field(ge=0, le=10, description="As a share of the recorded answer")
    ] = 0.1
    absolute_tolerance: Annotated[
        float, Field(ge=0, description="In the unit of the answer; the wider tolerance counts")
    ] = 0.0


class StepSpec(Spec):
    """The machine of one pipeline step."""

    instance_type: Annotated[
        ProcessingInstanceType, Field(description="Type that SageMaker offers for the job")
    ] = "ml.m5.large"
    instance_count: Annotated[
        int, Field(ge=1, le=1, description="The steps run on one machine")
    ] = 1
    volume_gb: Annotated[
        int, Field(ge=1, le=16384, description="Encrypted disk of the job, GiB")
    ] = 20
    timeout_minutes: Annotated[
        int, Field(ge=1, le=5 * 24 * 60, description="The job is stopped after this")
    ] = 60


class TrainStepSpec(StepSpec):
    """The training step; every hyper-parameter becomes a parameter of the pipeline."""

    instance_type: Annotated[
        TrainingInstanceType, Field(description="Type that SageMaker offers for training")
    ] = "ml.m5.large"
    hyperparameters: Annotated[
        dict[Hyperparameter, int | float | Line],
        Field(max_length=60, description="Each becomes a parameter of the pipeline"),
    ] = Field(default_factory=dict)


class StepsSpec(Spec):
    """The five jobs of the pipeline, in order."""

    preprocess: Annotated[StepSpec, Field(description="Splits and cleans the data")] = StepSpec()
    validate_data: Annotated[StepSpec, Field(description="Checks the parts")] = StepSpec()
    train: Annotated[TrainStepSpec, Field(description="Fits the model")] = TrainStepSpec()
    baseline: Annotated[StepSpec, Field(description="Describes it to the drift job")] = StepSpec()
    evaluate: Annotated[StepSpec, Field(description="Measures it on held-out data")] = StepSpec()


class PipelineSpec(Spec):
    """How and when the model is made."""

    schedule: Annotated[
        Schedule | None, Field(description="EventBridge Scheduler expression, UTC; none: on demand")
    ] = None
    cache_days: Annotated[int, Field(ge=0, le=365, description="0 switches step caching off")] = 30
    steps: Annotated[StepsSpec, Field(description="Machines of the five jobs")] = StepsSpec()


class Gate(Spec):
    """A condition that a version meets on held-out data, or is not registered.

    The metric's value decides; the bounds of its interval are reported and decide nothing.
    """

    metric: Annotated[Line, Field(description="A metric of the problem type or of a group")]
    comparison: Annotated[
        Literal["at_least", "at_most"], Field(description="In the direction that is better")
    ]
    threshold: Annotated[
        float, Field(description="In the metric's unit; met by the value, not by a bound of it")
    ]
    max_regression: Annotated[
        float | None,
        Field(ge=0, description="Not worse than the approved version by more than this"),
    ] = None


class EvaluationSpec(Spec):
    """Which held-out rows a version is judged by."""

    recent_days: Annotated[
        int | None,
        Field(
            ge=7,
            le=3660,
            description="The last days of the held-out rows that gates and the comparison with the "
            "approved version read; none: all of them",
        ),
    ] = None


class RegistrySpec(Spec):
    """What the model registry is told beside the metrics."""

    domain: Annotated[
        Literal["COMPUTER_VISION", "NATURAL_LANGUAGE_PROCESSING", "MACHINE_LEARNING"],
        Field(description="Domain of the model package"),
    ] = "MACHINE_LEARNING"
    task: Annotated[
        Literal["REGRESSION", "CLASSIFICATION", "OTHER"] | None,
        Field(description="Default: the task of the problem type"),
    ] = None
    metadata: Annotated[
        dict[MetadataKey, MetadataValue],
        Field(
            max_length=25,
            description="Customer metadata of every version; not the platform's own keys",
        ),
    ] = Field(default_factory=dict)


class ModelSpec(Spec):
    """One model's contract."""

    name: Annotated[ModelName, Field(description="The folder's name with - for _")]
    description: Annotated[Text, Field(description="What is predicted, for whom")]
    owners: Annotated[Owners, Field(description="Who answers for what")]
    problem: Annotated[ProblemSpec, Field(description="What is predicted")]
    data: Annotated[DataSpec, Field(description="What the model is trained on")]
    schema_: Annotated[
        SchemaSpec, Field(alias="schema", description="Fields of a request and of an answer")
    ]
    examples: Annotated[
        ExamplesSpec, Field(description="Tolerances of the files in `examples/`")
    ] = ExamplesSpec()
    pipeline: Annotated[PipelineSpec, Field(description="How the model is made")] = PipelineSpec()
    evaluation: Annotated[
        EvaluationSpec, Field(description="Which rows a version is judged by")
    ] = EvaluationSpec()
    gates: Annotated[
        tuple[Gate, ...],
        Field(min_length=1, max_length=20, strict=False, description="What a version must meet"),
    ]
    registry: Annotated[RegistrySpec, Field(description="What is written to the registry")] = (
        RegistrySpec()
    )
    endpoint: Annotated[EndpointSpec, Field(description="How the model is served")]
    monitoring: Annotated[MonitoringSpec, Field(description="How drift is looked for")] = (
        MonitoringSpec()
    )
    retraining: Annotated[
        RetrainingSpec, Field(description="When a version is made without a person asking")
    ] = RetrainingSpec()
    batch: Annotated[
        BatchSpec | None, Field(description="Scoring of whole files; none: there is no batch")
    ] = None

    @property
    def folder(self) -> str:
        """Name of the model's folder and of its Python files' home."""
        return self.name.replace("-", "_")

    @cached_property
    def group_metrics(self) -> tuple[str, ...]:
        """The names of the gaps between the declared groups."""
        fields = [group.field for group in self.problem.groups]
        return tuple(f"{metric}_{field}" for field in fields for metric in GROUP_METRICS)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Everything that an evaluation of this model reports and that gates may name."""
        return (*METRICS[self.problem.type], *self.group_metrics)

    @cached_property
    def task(self) -> str:
        """The registry's task: the given one, or the problem type's."""
        default = "REGRESSION" if self.problem.type == "regression" else "CLASSIFICATION"
        return self.registry.task or default
