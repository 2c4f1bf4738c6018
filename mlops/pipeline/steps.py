"""The vocabulary of a step graph: values that are known only when a pipeline runs, and steps.

Everything here is plain data, so that a graph can be compared, hashed and read in a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ParameterType = Literal["String", "Integer", "Float"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What a user may choose for one execution."""

    name: str
    type: ParameterType = "String"
    choices: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True)
class ParameterValue:
    """The value of a parameter."""

    name: str


@dataclass(frozen=True)
class ExecutionValue:
    """A fact about the running execution, in the words of SageMaker Pipelines."""

    name: Literal["PipelineExecutionId", "PipelineExecutionArn"]


@dataclass(frozen=True)
class JobOutput:
    """Where a processing step put one of its outputs, in this execution or in a cached one."""

    step: str
    output: str


@dataclass(frozen=True)
class TrainedModel:
    """Where a training step put its model archive."""

    step: str


@dataclass(frozen=True)
class FunctionOutput:
    """What a Lambda step answered."""

    step: str
    output: str


@dataclass(frozen=True)
class FileValue:
    """A value inside a property file of a processing step."""

    step: str
    file: str
    path: str


@dataclass(frozen=True)
class Joined:
    """Texts and values put together with a separator."""

    separator: str
    parts: tuple["Value", ...]


Value = (
    str
    | ParameterValue
    | ExecutionValue
    | JobOutput
    | TrainedModel
    | FunctionOutput
    | FileValue
    | Joined
)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Data that a job finds in its container."""

    name: str
    uri: Value
    path: str


@dataclass(frozen=True, kw_only=True)
class Output:
    """A folder of a job's container that is kept; `survives` a failure of the job if asked to."""

    name: str
    uri: Value
    path: str
    survives: bool = False


@dataclass(frozen=True, kw_only=True)
class PropertyFile:
    """A JSON file of an output that conditions and messages look into."""

    name: str
    output: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a job runs on, as whom, and for how long."""

    role: ParameterValue
    image: ParameterValue
    instance_type: ParameterValue
    instance_count: int
    volume_gb: int
    timeout_seconds: int
    key: ParameterValue


@dataclass(frozen=True, kw_only=True)
class Job:
    """What processing and training have in common."""

    name: str
    description: str
    machine: Machine
    entrypoint: tuple[str, ...]
    arguments: tuple[Value, ...]
    environment: Mapping[str, str]
    inputs: tuple[Channel, ...]
    cache: str | None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProcessingStep(Job):
    """A job that turns files into files."""

    outputs: tuple[Output, ...]
    property_files: tuple[PropertyFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrainingStep(Job):
    """A job that leaves a model archive below `models`."""

    models: Value
    hyperparameters: Mapping[str, ParameterValue]


@dataclass(frozen=True, kw_only=True)
class LambdaStep:
    """A question to a function of the stage."""

    name: str
    description: str
    function_arn: str
    inputs: Mapping[str, Value]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A value of a property file against a limit."""

    value: FileValue
    comparison: Literal["at_least", "at_most"]
    limit: float


@dataclass(frozen=True, kw_only=True)
class RegisterStep:
    """A new version in the model registry."""

    name: str
    description: str
    group: ParameterValue
    approval: str
    image: Value
    model: Value
    environment: Mapping[str, str]
    content_types: tuple[str, ...]
    quality: Value
    statistics: Value
    constraints: Value
    metadata: Mapping[str, Value]
    card: Value
    """The text of its model card."""
    domain: str
    task: str


@dataclass(frozen=True, kw_only=True)
class FailStep:
    """The end of an execution whose model is not good enough."""

    name: str
    description: str
    message: Value


@dataclass(frozen=True, kw_only=True)
class GateStep:
    """Registers when every condition holds, fails otherwise."""

    name: str
    description: str
    conditions: tuple[Condition, ...]
    passed: RegisterStep
    failed: FailStep


Step = ProcessingStep | TrainingStep | LambdaStep | GateStep


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A pipeline: what it takes, and its steps in the order in which they are listed."""

    model: str
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
