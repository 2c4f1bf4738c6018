"""Versions that failed in front of callers are rejected in the registry, once and with the reason.

Only a release record that blames the model itself does it. A person who approves the version again
afterwards has the last word: the decision is then newer than the record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mlops.contract import Names
from mlops.registry import Lineage, ModelVersion, SageMakerClient, reject, show
from mlops.registry.versions import MAX_REASON
from mlops.release.message import one_line
from mlops.rollout.record import ReleaseRecord


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one stage's record means for the version that was tried there."""

    version: int
    says: str = ""
    """The conclusion in words; empty where nothing is to be told."""
    reason: str | None = None
    """Why the version is to be rejected; None where it is not."""


def findings(
    records: Iterable[ReleaseRecord],
    versions: Mapping[int, ModelVersion],
    *,
    client: SageMakerClient,
    names: Names,
    model: str,
) -> list[Finding]:
    """What the records of a model mean; one of them at most has a version rejected.

    Raises:
        RegistryError: the registry cannot be asked when a version was approved.
    """
    group = names.model_package_group(model)
    packages: dict[int, Lineage] = {}
    found: list[Finding] = []
    for record in records:
        number = record.version
        finding = triage(record, versions, package=names.model_package_arn(model, number))
        if finding is None:
            if number not in packages:
                packages[number] = show(client, group, number)
            finding = judge(record, packages[number])
        is_repeated = any(one.reason and one.version == number for one in found)
        found.append(Finding(version=number) if finding.reason and is_repeated else finding)
    return found


def condemn(client: SageMakerClient, names: Names, model: str, finding: Finding) -> None:
    """Reject the version if its finding says so.

    Raises:
        RegistryError: the registry refuses.
    """
    if finding.reason is not None:
        reject(client, names.model_package_group(model), finding.version, reason=finding.reason)


def triage(
    record: ReleaseRecord, versions: Mapping[int, ModelVersion], *, package: str
) -> Finding | None:
    """What a record means without a closer look; None where it blames an approved version."""
    number = record.version
    if not record.blames_the_model:
        return Finding(version=number, says=_harmless(record))
    if record.package != package:
        says = f"the record of {record.stage} blames {record.package}; ours is {package}"
        return Finding(version=number, says=says)
    status = versions[number].status if number in versions else "unknown to the registry"
    if status == "Approved":
        return None
    if status == "Rejected" or number not in versions:
        return Finding(version=number)
    says = f"{number} failed in {record.stage} and is {status}: decide about it"
    return Finding(version=number, says=says)


def judge(record: ReleaseRecord, package: Lineage) -> Finding:
    """What a record that blames an approved version means, by which of the two is newer."""
    decided = package.decided or package.version.created
    if decided > datetime.fromisoformat(record.time):
        says = (
            f"{record.version} failed in {record.stage} at {record.time} and is approved since "
            f"{decided.isoformat()}: people have the last word"
        )
        return Finding(version=record.version, says=says)
    reason = _reason(record)
    return Finding(version=record.version, says=f"rejected: {reason}", reason=reason)


def _reason(record: ReleaseRecord) -> str:
    """One line: the registry takes no more."""
    seen = record.canary_invocations
    reason = one_line(
        f"version {record.version} failed in {record.stage} at {record.time}: its canary answered "
        f"{'an unknown number of' if seen is None else seen} requests; red alarms: "
        f"{', '.join(record.red_alarms) or 'none'}"
    )
    return reason if len(reason) <= MAX_REASON else f"{reason[: MAX_REASON - 3]}..."


def _harmless(record: ReleaseRecord) -> str:
    if record.outcome == "healthy":
        return ""
    cause = f", and the cause is {record.cause}" if record.cause else ""
    return (
        f"{record.version} was {record.outcome} in {record.stage}{cause}; it is not rejected: "
        f"{'; '.join(record.reasons) or 'no reason was told'}"
    )
