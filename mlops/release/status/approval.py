"""What the registry says about the versions of a model; asked only if a person wants it."""

from collections.abc import Collection, Mapping

from mlops.contract import ContentSpec, Names
from mlops.registry import (
    ModelVersion,
    RegistryError,
    SageMakerClient,
    VersionContent,
    list_versions,
)
from mlops.registry.separation import objection, starter_of
from mlops.registry.versions import described
from mlops.release.errors import ReleaseError


def registered_versions(
    client: SageMakerClient, names: Names, model: str
) -> dict[int, ModelVersion]:
    """The versions of a model by number, newest first.

    Raises:
        RegistryError: the registry cannot be asked, or has no such group.
        ReleaseError: another account answered, whose versions of the same name are others.
    """
    try:
        found = list_versions(client, names.model_package_group(model))
    except RegistryError as error:
        raise error.of(model) from error
    ours = names.model_packages_arn(model).removesuffix("*")
    for version in found:
        if not version.arn.startswith(ours):
            raise ReleaseError(
                f"{version.arn}: is in another registry; allowed: {ours}<version>; remedy: use "
                "credentials of the training stage's account, for example with --profile"
            )
    return {version.number: version for version in found}


def content_of(
    client: SageMakerClient, names: Names, *, model: str, number: int
) -> ContentSpec | None:
    """What a version consists of; None where it was registered before that was recorded.

    Raises:
        RegistryError: the registry cannot be asked, or its record is not whole.
    """
    package = described(client, names.model_package_group(model), number)
    found = VersionContent.recorded(package)
    return ContentSpec.model_validate(vars(found)) if found else None


def require_approved(
    client: SageMakerClient, names: Names, *, model: str, number: int
) -> ModelVersion:
    """The version, known and approved.

    Raises:
        RegistryError: the registry cannot be asked, or has no such group.
        ReleaseError: it does not know the version, or nobody approved it.
    """
    versions = registered_versions(client, names, model)
    if number not in versions:
        known = ", ".join(str(version) for version in versions) or "none yet"
        raise ReleaseError(
            f"{model} {number}: this version is not in the registry; allowed: {known}; "
            "remedy: name a registered version"
        )
    found = versions[number]
    if found.status != "Approved":
        approved = (str(v.number) for v in versions.values() if v.status == "Approved")
        raise ReleaseError(
            f"{model} {number}: is {found.status}; allowed: "
            f"{', '.join(approved) or 'none yet'}; remedy: approve it with "
            f"`mlops registry approve {model} {number} --reason <why>`, or name an approved version"
        )
    return found


def own_approvals(
    client: SageMakerClient, versions: Mapping[int, ModelVersion], *, released: Collection[int]
) -> dict[int, str]:
    """Why an approved version is held: whoever approved it started its training, too.

    What a stage runs already is not looked at again, and an unknown starter holds nothing.

    Raises:
        RegistryError: the registry cannot be asked.
    """
    found = {
        number: objection(described(client, version.group, number))
        for number, version in versions.items()
        if version.status == "Approved" and number not in released
    }
    return {number: why for number, why in found.items() if why}


def approval_remarks(
    client: SageMakerClient, versions: Mapping[int, ModelVersion]
) -> dict[int, str]:
    """What a person should know about the newest approval, beside the version itself.

    Raises:
        RegistryError: the registry cannot be asked.
    """
    number = max((n for n, one in versions.items() if one.status == "Approved"), default=None)
    if number is None:
        return {}
    package = described(client, versions[number].group, number)
    if why := objection(package):
        return {number: why}
    if starter_of(package) is None:
        return {number: "nobody recorded who started its training, so its approver may have"}
    return {}
