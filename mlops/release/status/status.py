"""Where every stage stands: what is asked for, what runs, what could be released, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mlops.registry import ModelVersion
from mlops.release.status.live import NOT_ASKED, Live


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The registry's view of a model."""

    statuses: Mapping[int, str] = field(default_factory=dict)
    remarks: Mapping[int, str] = field(default_factory=dict)
    """What a person should know about an approval, by version."""

    @classmethod
    def of(
        cls, versions: Sequence[ModelVersion], *, remarks: Mapping[int, str] | None = None
    ) -> "Registered":
        """The view from the versions that the registry lists."""
        statuses = {version.number: version.status for version in versions}
        return cls(statuses=statuses, remarks=remarks or {})

    @property
    def newest(self) -> int | None:
        """The highest version, whatever was decided about it."""
        return max(self.statuses, default=None)

    @property
    def approved(self) -> int | None:
        """The highest approved version."""
        approved = (n for n, status in self.statuses.items() if status == "Approved")
        return max(approved, default=None)


@dataclass(frozen=True, kw_only=True)
class StageStatus:
    """One model in one stage."""

    stage: str
    pinned: int | None
    before: "StageStatus | None" = None
    """The stage before this one in the order of promotion."""
    live: Live = NOT_ASKED
    registered: Registered | None = None
    """None where no registry was asked."""
    held: tuple[str, ...] = ()
    """What keeps an approved version out of this stage, or speaks against the pinned one."""

    @property
    def differences(self) -> list[str]:
        """What differs, each in words; empty if this stage runs what it should."""
        return [*self._of_live(), *self._of_registry(), *self.held, *self._of_order()]

    def _of_live(self) -> Iterator[str]:
        live = self.live
        if live is NOT_ASKED:
            return
        if live.unknown:
            yield f"what it runs is unknown: {live.unknown}"
        elif not live.is_served and self.pinned is not None:
            yield f"{self.pinned} is pinned and no endpoint is there: not deployed yet"
        elif live.version is not None and self.pinned is None:
            yield f"{live.version} runs and nothing is pinned: its stack was not removed yet"
        elif live.version != self.pinned:
            yield f"{live.version} runs instead of {self.pinned}: not deployed yet, or rolled back"
        if live.is_served and live.endpoint_status != "InService":
            yield f"the endpoint is {live.endpoint_status}"

    def _of_registry(self) -> Iterator[str]:
        if self.registered is None:
            return
        status = self.registered.statuses.get(self.pinned) if self.pinned else "Approved"
        if status is None:
            yield f"{self.pinned} is pinned and not in the registry"
        elif status != "Approved":
            yield f"{self.pinned} is pinned and {status}"
        approved, newest = self.registered.approved, self.registered.newest
        if approved is not None and approved > (self.pinned or 0):
            yield f"{approved} is approved and not pinned"
            if approved in self.registered.remarks:
                yield f"{approved}: {self.registered.remarks[approved]}"
        if newest is not None and self.registered.statuses[newest] == "PendingManualApproval":
            yield f"{newest} waits for a decision"

    def _of_order(self) -> Iterator[str]:
        before = self.before
        if before is not None and before.pinned is not None and before.pinned != self.pinned:
            yield f"{before.stage} has {before.pinned}"
