"""Who encrypts the disks of a job: a key of ours, or the instance's own hardware.

SageMaker takes no key for disks that belong to the instance: "You can't request a VolumeKmsKeyId
when using an instance type with local storage" (API reference of ResourceConfig,
ProcessingClusterConfig and TransformResources). Their hardware encrypts them.
"""

from collections.abc import Mapping
from typing import Any

from mlops.contract.instance_types import has_instance_store


def volume_key(instance_type: str, key_arn: str) -> dict[str, str]:
    """The key for a machine's disks as a request says it, or nothing where it would be refused."""
    return {} if has_instance_store(instance_type) else {"VolumeKmsKeyId": key_arn}


def machine_of(step: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a job's request that says what it runs on; {} for a step that starts no job."""
    arguments = step.get("Arguments", {})
    found: dict[str, Any] = {
        "Processing": arguments.get("ProcessingResources", {}).get("ClusterConfig", {}),
        "Training": arguments.get("ResourceConfig", {}),
        "Transform": arguments.get("TransformResources", {}),
    }.get(step["Type"], {})
    return found


def instance_type_of(machine: Mapping[str, Any], defaults: Mapping[str, object]) -> str | None:
    """The type of a machine, named or the default of a parameter."""
    asked = machine.get("InstanceType")
    if isinstance(asked, dict):
        asked = defaults.get(str(asked.get("Get")).removeprefix("Parameters."))
    return asked if isinstance(asked, str) else None
