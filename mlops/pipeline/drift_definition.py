"""The drift job as a pipeline definition: find the window, look for drift in it, publish.

Written as it is sent. The SageMaker SDK compiles a model's own pipeline, where a step reads from
another one's outputs by the dozen; here it would add a gigabyte to say three steps. The definition
is held against the service's own model like the compiled ones, and key by key against what the SDK
compiles of the same steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops.contract import Network
from mlops.pipeline.disks import volume_key
from mlops.pipeline.retry_policy import retry_policy

LATEST: Final = "latest"
"""WindowEnd of an execution that looks at the newest days whose labels are due."""
_INPUT: Final = "/opt/ml/processing/input"
_OUTPUT: Final = "/opt/ml/processing/output"
_FOUND: Final = (
    "BaselineUri", "CapturesUri", "TruthUri", "JobUri", "ReportUri", "Start", "End",
)  # fmt: skip
_UNPACK: Final = (
    f'set -e; d=$(mktemp -d); tar xzf {_INPUT}/code/*.gz -C "$d"; cd "$d"; '
    'exec python3 -m monitoring "$0" "$@"'
)


@dataclass(frozen=True, kw_only=True)
class DriftJob:
    """What the definition names: functions, a role, an image, a machine, a key."""

    find_window_arn: str
    publish_arn: str
    role_arn: str
    image_uri: str
    code_uri: str
    key_arn: str
    instance_type: str
    timeout_minutes: int
    labelled: bool
    """Whether the contract says what its labels are."""
    network: Network | None


def drift_definition(job: DriftJob) -> dict[str, Any]:
    """The definition of a model's drift job in a stage."""
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": [{"Name": "WindowEnd", "Type": "String", "DefaultValue": LATEST}],
        "Steps": [_find_window(job), _monitor(job), _publish(job)],
    }


def _find_window(job: DriftJob) -> dict[str, Any]:
    return {
        "Name": "FindWindow",
        "Type": "Lambda",
        "Description": "List what was captured, and write what the isolated job reads",
        "FunctionArn": job.find_window_arn,
        "Arguments": {
            "WindowEnd": {"Get": "Parameters.WindowEnd"},
            "Time": {"Get": "Execution.StartDateTime"},
        },
        "OutputParameters": [{"OutputName": name, "OutputType": "String"} for name in _FOUND],
    }


def _monitor(job: DriftJob) -> dict[str, Any]:
    return {
        "Name": "Monitor",
        "Type": "Processing",
        "Description": "Compare the window with the baseline of the deployed version",
        "Arguments": {
            "ProcessingResources": {"ClusterConfig": _machine(job)},
            "AppSpecification": {
                "ImageUri": job.image_uri,
                "ContainerEntrypoint": ["bash", "-c", _UNPACK, "analyse"],
                "ContainerArguments": _arguments(labelled=job.labelled),
            },
            "RoleArn": job.role_arn,
            "ProcessingInputs": [
                _input("code", job.code_uri, "S3Prefix"),
                _input("baseline", _found("BaselineUri"), "S3Prefix"),
                _input("captures", _found("CapturesUri"), "ManifestFile"),
                _input("truth", _found("TruthUri"), "ManifestFile"),
                _input("job", _found("JobUri"), "S3Prefix"),
            ],
            "ProcessingOutputConfig": {
                "Outputs": [_report(_found("ReportUri"))],
                "KmsKeyId": job.key_arn,
            },
            "Environment": {"PYTHONUNBUFFERED": "1"},
            "NetworkConfig": _isolation(job.network),
            "StoppingCondition": {"MaxRuntimeInSeconds": job.timeout_minutes * 60},
        },
        "RetryPolicies": [
            retry_policy(10, "Step.THROTTLING", "Step.SERVICE_FAULT"),
            retry_policy(60, "SageMaker.CAPACITY_ERROR", "SageMaker.JOB_INTERNAL_ERROR"),
        ],
    }


def _publish(job: DriftJob) -> dict[str, Any]:
    names = ("ReportUri", "Start", "End")
    return {
        "Name": "Publish",
        "Type": "Lambda",
        "Description": "Publish the figures, and trigger retraining where drift was found",
        "DependsOn": ["Monitor"],
        "FunctionArn": job.publish_arn,
        "Arguments": {name: _found(name) for name in names},
        "OutputParameters": [{"OutputName": "Verdict", "OutputType": "String"}],
    }


def _machine(job: DriftJob) -> dict[str, Any]:
    return {
        "InstanceType": job.instance_type,
        "InstanceCount": 1,
        "VolumeSizeInGB": 20,
        **volume_key(job.instance_type, job.key_arn),
    }


def _arguments(*, labelled: bool) -> list[Any]:
    return [
        *("--contract", "contract.json", "--baseline", f"{_INPUT}/baseline"),
        *("--captures", f"{_INPUT}/captures"),
        *(("--truth", f"{_INPUT}/truth") if labelled else ()),
        *("--settings", f"{_INPUT}/job/job.json", "--output", f"{_OUTPUT}/report"),
        *("--start", _found("Start"), "--end", _found("End"), "--report-only"),
    ]


def _found(name: str) -> dict[str, str]:
    return {"Get": f"Steps.FindWindow.OutputParameters['{name}']"}


def _input(name: str, uri: str | Mapping[str, str], kind: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{_INPUT}/{name}",
            "S3DataType": kind,
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def _report(uri: Mapping[str, str]) -> dict[str, Any]:
    return {
        "OutputName": "report",
        "AppManaged": False,
        "S3Output": {
            "S3Uri": uri,
            "LocalPath": f"{_OUTPUT}/report",
            "S3UploadMode": "EndOfJob",
        },
    }


def _isolation(network: Network | None) -> dict[str, Any]:
    isolation: dict[str, Any] = {
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
    }
    if network is not None:
        isolation["VpcConfig"] = {
            "SecurityGroupIds": list(network.security_group_ids),
            "Subnets": list(network.subnet_ids),
        }
    return isolation
