"""A batch run as a pipeline definition: find new files, score them, keep what monitoring reads.

Written as it is sent, like the drift job's; the definition is held against the service's own model,
and key by key against what the SageMaker SDK compiles of the same steps.
A line of a file is `{"id": ..., "features": {...}}`: the model is sent the features, and the answer
is joined to the whole line. Joining and filtering: SageMaker Developer Guide, "Associate prediction
results with input records".
"""

from dataclasses import dataclass
from typing import Any, Final

from mlops.pipeline.disks import volume_key
from mlops.pipeline.retry_policy import retry_policy

LINES: Final = "application/jsonlines"
FEATURES: Final = "$.features"
"""Of a line, what the model is sent."""
NOTHING: Final = "0"
"""Files of a run that found none."""
_FOUND: Final = ("Files", "ManifestUri", "OutputUri")
_TRIES_AGAIN: Final = 3


@dataclass(frozen=True, kw_only=True)
class BatchJob:
    """What the definition names: functions, a model, machines, a key."""

    find_input_arn: str
    capture_arn: str | None
    """None: the answers of a batch are not monitored."""
    model_name: str
    key_arn: str
    instance_type: str
    instance_count: int
    max_payload_mb: int
    concurrent_requests: int
    timeout_seconds: int


def batch_definition(job: BatchJob) -> dict[str, Any]:
    """The definition of a model's batch runs in a stage."""
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": [],
        "Steps": [_find_input(job), _any_input(job)],
    }


def most_rows(max_payload_mb: int) -> int:
    """More rows than a request of this size can hold: no row is shorter than a byte."""
    return max_payload_mb * 1024 * 1024


def _find_input(job: BatchJob) -> dict[str, Any]:
    return {
        "Name": "FindInput",
        "Type": "Lambda",
        "Description": "Take the files that no run has taken, and list them for the job",
        "FunctionArn": job.find_input_arn,
        "Arguments": {"Run": {"Get": "Execution.PipelineExecutionId"}},
        "OutputParameters": [{"OutputName": name, "OutputType": "String"} for name in _FOUND],
    }


def _any_input(job: BatchJob) -> dict[str, Any]:
    nothing = {"Type": "Equals", "LeftValue": _found("Files"), "RightValue": NOTHING}
    capture = [_capture(job.capture_arn)] if job.capture_arn else []
    return {
        "Name": "AnyInput",
        "Type": "Condition",
        "Description": "A run that finds nothing ends here, and well",
        "Arguments": {
            "Conditions": [{"Type": "Not", "Condition": nothing}],
            "IfSteps": [_transform(job), *capture],
            "ElseSteps": [],
        },
    }


def _transform(job: BatchJob) -> dict[str, Any]:
    return {
        "Name": "Transform",
        "Type": "Transform",
        "Description": "Ask the model for the answers of every line",
        "Arguments": {
            "ModelName": job.model_name,
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": job.max_payload_mb,
            "MaxConcurrentTransforms": job.concurrent_requests,
            "ModelClientConfig": {
                "InvocationsTimeoutInSeconds": job.timeout_seconds,
                "InvocationsMaxRetries": _TRIES_AGAIN,
            },
            "TransformInput": {
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "ManifestFile",
                        "S3Uri": _found("ManifestUri"),
                    }
                },
                "ContentType": LINES,
                "SplitType": "Line",
                "CompressionType": "None",
            },
            "TransformOutput": {
                "S3OutputPath": _found("OutputUri"),
                "Accept": LINES,
                "AssembleWith": "Line",
                "KmsKeyId": job.key_arn,
            },
            "TransformResources": {
                "InstanceType": job.instance_type,
                "InstanceCount": job.instance_count,
                **volume_key(job.instance_type, job.key_arn),
            },
            "DataProcessing": {"InputFilter": FEATURES, "JoinSource": "Input"},
        },
        # A row that the model refuses is no such case: it would be refused again.
        "RetryPolicies": [
            retry_policy(10, "Step.THROTTLING", "Step.SERVICE_FAULT"),
            retry_policy(60, "SageMaker.CAPACITY_ERROR"),
        ],
    }


def _capture(function_arn: str) -> dict[str, Any]:
    return {
        "Name": "Capture",
        "Type": "Lambda",
        "Description": "Keep what was asked and answered where the drift job reads",
        "DependsOn": ["Transform"],
        "FunctionArn": function_arn,
        "Arguments": {
            "Run": {"Get": "Execution.PipelineExecutionId"},
            "Time": {"Get": "Execution.StartDateTime"},
            "OutputUri": _found("OutputUri"),
        },
        "OutputParameters": [{"OutputName": "Rows", "OutputType": "String"}],
    }


def _found(name: str) -> dict[str, str]:
    return {"Get": f"Steps.FindInput.OutputParameters['{name}']"}
