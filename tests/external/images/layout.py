"""The files that SageMaker lays out below /opt/ml, by kind of job.

Sources: Developer Guide, "How Amazon SageMaker AI Runs Your Processing Container Image", "... Your
Training Image", "How Amazon SageMaker AI Provides Training Information", "Custom Inference Code
with Hosting Services" and "... with Batch Transform".
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

Arguments = Mapping[str, Any]

HOST: Final = "algo-1"
_ACCOUNT_AND_REGION: Final = "arn:aws:sagemaker:eu-west-1:222222222222"
_IN_REQUEST: Final = (
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
    "NetworkConfig",
)


def processing(name: str, arguments: Arguments, opt_ml: Path) -> list[str]:
    """Lay a Processing job's files out; returns the folders that it only reads."""
    config = {key: arguments[key] for key in _IN_REQUEST if key in arguments}
    named = {"ProcessingJobName": name, "ProcessingJobArn": _arn("processing-job", name)}
    _write(opt_ml / "config" / "processingjobconfig.json", named | config)
    _write(opt_ml / "config" / "resourceconfig.json", {"current_host": HOST, "hosts": [HOST]})
    inputs = [given["S3Input"]["LocalPath"] for given in arguments.get("ProcessingInputs", ())]
    outputs = [
        output["S3Output"]["LocalPath"]
        for output in arguments.get("ProcessingOutputConfig", {}).get("Outputs", ())
    ]
    for path in (*inputs, *outputs):
        assert path.startswith("/opt/ml/processing/"), f"{path}: SageMaker refuses this LocalPath"
    (opt_ml / "output").mkdir(parents=True, exist_ok=True)
    return inputs


def training(arguments: Arguments, opt_ml: Path) -> list[str]:
    """Lay a Training job's files out; returns the folders that it only reads."""
    config = opt_ml / "input" / "config"
    parameters = arguments.get("HyperParameters", {})
    _write(config / "hyperparameters.json", {key: str(value) for key, value in parameters.items()})
    channels = arguments.get("InputDataConfig", ())
    _write(
        config / "inputdataconfig.json",
        {channel["ChannelName"]: _channel(channel, arguments) for channel in channels},
    )
    instance_type = arguments["ResourceConfig"]["InstanceType"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type}
    _write(
        config / "resourceconfig.json",
        {
            "current_host": HOST,
            "current_instance_type": instance_type,
            "current_group_name": group["instance_group_name"],
            "hosts": [HOST],
            "instance_groups": [group | {"hosts": [HOST]}],
            "network_interface_name": "eth0",
        },
    )
    for name in ("model", "output/data"):
        (opt_ml / name).mkdir(parents=True, exist_ok=True)
    return ["/opt/ml/input"]


def training_environment(name: str) -> dict[str, str]:
    """What the service adds to a Training job's own variables; `SM_*` is not among it."""
    return {"TRAINING_JOB_NAME": name, "TRAINING_JOB_ARN": _arn("training-job", name)}


def batch_environment(arguments: Arguments) -> dict[str, str]:
    """What the service adds to a model's variables in Batch Transform."""
    asked = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": arguments.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": {
            "MultiRecord": "MULTI_RECORD",
            "SingleRecord": "SINGLE_RECORD",
        }.get(arguments.get("BatchStrategy", "")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": arguments.get("MaxConcurrentTransforms"),
    }
    set_ = {name: str(value) for name, value in asked.items() if value is not None}
    return {"SAGEMAKER_BATCH": "true", **set_}


def _channel(channel: Arguments, arguments: Arguments) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    found = {
        "TrainingInputMode": channel.get(
            "InputMode", arguments["AlgorithmSpecification"].get("TrainingInputMode", "File")
        ),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return found | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})


def _arn(kind: str, name: str) -> str:
    return f"{_ACCOUNT_AND_REGION}:{kind}/{name}"


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
