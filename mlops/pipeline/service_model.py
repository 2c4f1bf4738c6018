"""SageMaker's API as botocore ships it: which request a step makes, which answer it leaves."""

from functools import cache
from typing import Final

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape, StructureShape

JOB_NAMES: Final = {
    "Processing": "ProcessingJobName",
    "Training": "TrainingJobName",
    "Transform": "TransformJobName",
    "Model": "ModelName",
}
"""The member of a request that SageMaker Pipelines fills in itself."""

OTHER_TYPES: Final = (
    "AutoML",
    "ClarifyCheck",
    "Cleanup",
    "EMR",
    "EMRServerless",
    "Endpoint",
    "EndpointConfig",
    "ForEach",
    "InferenceComponent",
    "Job",
    "Lineage",
    "QualityCheck",
    "Tuning",
)
"""Types of step that the SDK writes and the platform does not: form and order are checked only."""

_REQUESTS: Final = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "Transform": "CreateTransformJob",
    "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage",
}
_ANSWERS: Final = {
    "Processing": "DescribeProcessingJob",
    "Training": "DescribeTrainingJob",
    "Transform": "DescribeTransformJob",
    "Model": "DescribeModel",
    "RegisterModel": "DescribeModelPackage",
}


def request_shape(step_type: str) -> StructureShape | None:
    """What a step's Arguments must look like, or None for a step that calls no SageMaker API."""
    operation = _REQUESTS.get(step_type)
    return _service().operation_model(operation).input_shape if operation else None


def answer_shape(step_type: str) -> Shape | None:
    """What a step's properties look like, or None for a step that has none."""
    operation = _ANSWERS.get(step_type)
    return _service().operation_model(operation).output_shape if operation else None


@cache
def _service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
