"""What a person's way back forbids the release automation, told by the history of one stage.

Whoever lets a stage go back to an earlier version has a reason that no registry knows. So the
versions that were left stay left until a person lets one of them in again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mlops.release.pins.history import Change


@dataclass(frozen=True, kw_only=True)
class Hold:
    """The versions above one and up to another, kept out since a person's change."""

    above: int
    up_to: int
    change: Change

    def covers(self, version: int) -> bool:
        """Whether a version is kept out."""
        return self.above < version <= self.up_to

    @property
    def remedy(self) -> str:
        """How a person lets the versions in again."""
        return "pin it to let it in again"

    def __str__(self) -> str:
        return f"left by {self.change.commit[:10]} ({self.change.who})"


def holds(history: Iterable[Change]) -> tuple[Hold, ...]:
    """The holds on one stage after its changes, oldest first; the automation's own hold nothing.

    A person who goes back from b to a, or takes the pin away, holds every version above a up to
    b; a person who pins v releases v and everything below it.
    """
    found: list[Hold] = []
    for change in history:
        if change.by_automation:
            continue
        left, now = change.before or 0, change.version or 0
        found = [replace(hold, above=max(hold.above, now)) for hold in found if hold.up_to > now]
        if now < left:
            found.append(Hold(above=now, up_to=left, change=change))
    return tuple(found)


def taken_out(history: Iterable[Change]) -> Change | None:
    """The change by which a person took the model out of a stage, if that was the last one."""
    last = next(reversed(list(history)), None)
    if last is None or last.version is not None or last.by_automation:
        return None
    return last
