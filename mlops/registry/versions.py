"""Versions of a model in a registry: list them, decide about them. The same on AWS and here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from mlops.registry.client import SageMakerClient
from mlops.registry.errors import MissingGroupError, RegistryError
from mlops.registry.separation import Identity, starter_of

Status = Literal["Approved", "Rejected", "PendingManualApproval"]

MAX_REASON: Final = 1024
_NO_GROUP: Final = re.compile(r"Model ?Package ?Group .* does not exist", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """One version and where its approval stands."""

    group: str
    number: int
    arn: str
    status: str
    created: datetime


def list_versions(
    client: SageMakerClient, group: str, *, status: Status | None = None
) -> list[ModelVersion]:
    """The versions of a group, newest first.

    Raises:
        RegistryError: there is no such group, or the registry cannot be reached.
    """
    return list(_versions(client, group, {"ModelApprovalStatus": status} if status else {}))


def approve(
    client: SageMakerClient,
    group: str,
    number: int,
    *,
    reason: str,
    approver: Identity | None = None,
) -> ModelVersion:
    """Let a version be released; the reason is kept with it.

    Args:
        client: the registry.
        group: of the version.
        number: of the version.
        reason: why, in a sentence.
        approver: who asks; None where nobody is known, as in the registry of rehearsals.

    Raises:
        RegistryError: the reason is empty or too long, the approver started the training of the
            version, or the registry refuses.
    """
    if approver is not None:
        _refuse_own(described(client, group, number), approver)
    return _decide(client, group, number, "Approved", reason)


def _refuse_own(package: dict[str, Any], approver: Identity) -> None:
    starter = starter_of(package)
    if starter is not None and starter.is_same_as(approver):
        raise RegistryError(
            f"version {package['ModelPackageVersion']} of {package['ModelPackageGroupName']}: its "
            f"training was started by {starter.name}, which is you; allowed: the approval of "
            "somebody else; remedy: ask another approver, or use an identity of your own if you "
            "share this one"
        )


def reject(client: SageMakerClient, group: str, number: int, *, reason: str) -> ModelVersion:
    """Keep a version from being released; the reason is kept with it.

    Raises:
        RegistryError: the reason is empty or too long, or the registry refuses.
    """
    return _decide(client, group, number, "Rejected", reason)


def described(client: SageMakerClient, group: str, number: int) -> dict[str, Any]:
    """What the registry says about one version.

    Raises:
        RegistryError: there is no such version.
    """
    arn = _package_arn(client, group, number)
    try:
        return client.describe_model_package(ModelPackageName=arn)
    except (BotoCoreError, ClientError) as error:
        raise _refused(error, f"version {number} of {group}") from error


def version_of(package: dict[str, Any]) -> ModelVersion:
    """The summary of a package as list or describe return it."""
    return ModelVersion(
        group=package["ModelPackageGroupName"],
        number=package["ModelPackageVersion"],
        arn=package["ModelPackageArn"],
        status=package["ModelApprovalStatus"],
        created=package["CreationTime"],
    )


def _versions(
    client: SageMakerClient, group: str, wanted: dict[str, str]
) -> Iterator[ModelVersion]:
    request = {"ModelPackageGroupName": group, "SortOrder": "Descending", **wanted}
    try:
        while True:
            page = client.list_model_packages(MaxResults=100, **request)
            yield from (version_of(package) for package in page["ModelPackageSummaryList"])
            if "NextToken" not in page:
                return
            request["NextToken"] = page["NextToken"]
    except (BotoCoreError, ClientError) as error:
        raise _refused(error, group) from error


def _decide(
    client: SageMakerClient, group: str, number: int, status: Status, reason: str
) -> ModelVersion:
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise RegistryError(
            f"reason: has {len(reason.strip())} characters; allowed: 1 to {MAX_REASON}; "
            "remedy: say in a sentence why"
        )
    arn = _package_arn(client, group, number)
    try:
        client.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=reason.strip()
        )
    except (BotoCoreError, ClientError) as error:
        raise _refused(error, f"version {number} of {group}") from error
    return version_of(described(client, group, number))


def _package_arn(client: SageMakerClient, group: str, number: int) -> str:
    """A version's ARN, derived from its group's: people know numbers, UpdateModelPackage ARNs."""
    try:
        answer = client.describe_model_package_group(ModelPackageGroupName=group)
    except (BotoCoreError, ClientError) as error:
        raise _refused(error, group) from error
    arn = str(answer["ModelPackageGroupArn"])
    return f"{arn.replace(':model-package-group/', ':model-package/')}/{number}"


def _refused(error: BotoCoreError | ClientError, what: str) -> RegistryError:
    if isinstance(error, ClientError):
        details = error.response["Error"]
        if _NO_GROUP.search(details["Message"]):
            return MissingGroupError.named(what)
        return RegistryError(f"{what}: {details['Message']} ({details['Code']})")
    return RegistryError(f"{what}: {error}; remedy: check the region and the credentials")
