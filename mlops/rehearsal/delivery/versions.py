"""Versions of the rehearsal's own registry: the newest approved one, registered again and again.

Training anew would make the same model from the same data; what the delivery does with a version
depends on its number, its approval and its answers alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.registry import MissingGroupError, SageMakerClient, list_versions
from mlops.rehearsal.errors import RehearsalError

_KEPT: Final = (
    "CustomerMetadataProperties",
    "Domain",
    "DriftCheckBaselines",
    "InferenceSpecification",
    "MetadataProperties",
    "ModelMetrics",
    "ModelPackageDescription",
    "ModelPackageGroupName",
    "Task",
)


def ensure_groups(client: SageMakerClient, groups: Iterable[str]) -> None:
    """Have every model's group, as the Registry stack does, whatever was trained here."""
    for group in groups:
        try:
            client.describe_model_package_group(ModelPackageGroupName=group)
        except ClientError:
            client.create_model_package_group(ModelPackageGroupName=group)


def newest_approved(client: SageMakerClient, group: str, *, model: str) -> int:
    """The version that every stage runs when the rehearsal begins.

    Raises:
        RehearsalError: none was approved here.
    """
    try:
        approved = list_versions(client, group, status="Approved")
    except MissingGroupError:
        approved = []
    if not approved:
        raise RehearsalError(
            f"{group}: no version is approved here; "
            f"remedy: mlops rehearse pipeline {model} --approve"
        )
    return max(version.number for version in approved)


def registered_again(client: SageMakerClient, package: Mapping[str, Any]) -> int:
    """Register a version's archive and evidence as a new version that waits for approval."""
    copied = {key: package[key] for key in _KEPT if package.get(key)}
    answer = client.create_model_package(**copied, ModelApprovalStatus="PendingManualApproval")
    return int(answer["ModelPackageArn"].rpartition("/")[2])
