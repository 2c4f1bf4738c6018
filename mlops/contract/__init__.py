"""YAML into checked, frozen specs; the words that every other room speaks."""

from mlops.contract.batch_spec import BatchSpec
from mlops.contract.endpoint_spec import CanarySpec, EndpointSpec
from mlops.contract.examples import Example, ExampleError, read_examples
from mlops.contract.instance_types import virtual_cpus
from mlops.contract.model_spec import Gate, ModelSpec, StepSpec, TrainStepSpec
from mlops.contract.monitoring_spec import MetricLimit
from mlops.contract.naming import Names
from mlops.contract.platform import Platform, load_config, load_model, load_platform, model_folders
from mlops.contract.problems import ContractError, Problem
from mlops.contract.release_spec import ContentSpec, ReleasesSpec
from mlops.contract.sample import sha256_of
from mlops.contract.schema_spec import Field, SchemaSpec
from mlops.contract.stage_spec import (
    Audit,
    Capacity,
    Check,
    Delivery,
    Environment,
    ImageBuild,
    Network,
    Notifications,
    SlackChannel,
    Source,
    StagesFile,
    StageSpec,
    StagesSpec,
)

__all__ = [
    "Audit",
    "BatchSpec",
    "CanarySpec",
    "Capacity",
    "Check",
    "ContentSpec",
    "ContractError",
    "Delivery",
    "EndpointSpec",
    "Environment",
    "Example",
    "ExampleError",
    "Field",
    "Gate",
    "ImageBuild",
    "MetricLimit",
    "ModelSpec",
    "Names",
    "Network",
    "Notifications",
    "Platform",
    "Problem",
    "ReleasesSpec",
    "SchemaSpec",
    "SlackChannel",
    "Source",
    "StageSpec",
    "StagesFile",
    "StagesSpec",
    "StepSpec",
    "TrainStepSpec",
    "load_config",
    "load_model",
    "load_platform",
    "model_folders",
    "read_examples",
    "sha256_of",
    "virtual_cpus",
]
