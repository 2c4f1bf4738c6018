"""Versions that a stage's own canary proved bad, and what follows from that.

A stage speaks of itself. Its record moves its own pin back and keeps the version out of the later
stages; it moves no other stage, and rejects nothing. In the registry only the stage that trains has
a word, because the registry is its own. A person who approves the version again afterwards lifts
all of it, until a stage has new evidence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mlops.contract import Names
from mlops.registry import Lineage, SageMakerClient, reject
from mlops.registry.versions import MAX_REASON
from mlops.release.git.trailer import one_line
from mlops.release.pins.history import Change
from mlops.rollout.record import ReleaseRecord

_CUT: Final = "..."


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A version that a stage rolled back, by its own evidence."""

    stage: str
    version: int
    deployment: str
    at: datetime
    """When the stage's first record of this deployment was made."""
    reason: str
    """The evidence in one line."""

    @classmethod
    def of(cls, record: ReleaseRecord) -> "Failure":
        """The failure that a record proves."""
        return cls(
            stage=record.stage,
            version=record.version,
            deployment=record.deployment,
            at=record.moment,
            reason=_reason(record),
        )

    def covers(self, version: int) -> bool:
        """Whether a version is kept out."""
        return version == self.version

    @property
    def remedy(self) -> str:
        """How a person lets the version in again."""
        return "approve it again or pin it to let it in again"

    def __str__(self) -> str:
        return f"rolled back in {self.stage} at {self.at.isoformat()}"

    def is_forgiven(self, package: Lineage) -> bool:
        """Whether somebody approved the version after it had failed.

        The registry keeps one moment for a version, that of its last change.
        """
        decided = package.decided or package.version.created
        return package.version.status == "Approved" and decided > self.at

    def is_overruled(self, history: Iterable[Change]) -> bool:
        """Whether a person pinned the version in a stage after it had failed."""
        return any(
            change.version == self.version and not change.by_automation and change.when > self.at
            for change in history
        )


def reject_failed(client: SageMakerClient, names: Names, model: str, failure: Failure) -> None:
    """Reject the version in the registry, with the evidence as the reason.

    Raises:
        RegistryError: the registry refuses.
    """
    reject(client, names.model_package_group(model), failure.version, reason=failure.reason)


def _reason(record: ReleaseRecord) -> str:
    """One line: the registry takes no more."""
    reason = one_line(
        f"version {record.version} failed in {record.stage} at {record.time}: its canary answered "
        f"{record.canary_invocations} requests; red alarms: {', '.join(record.red_alarms)}"
    )
    return reason if len(reason) <= MAX_REASON else f"{reason[: MAX_REASON - len(_CUT)]}{_CUT}"
