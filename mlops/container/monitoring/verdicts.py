"""The three things that can be said of a window, and which of several counts."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """Of a check, a field or a whole window."""

    QUIET = "quiet"
    """Looked at with enough rows; nothing that matters."""
    INCONCLUSIVE = "inconclusive"
    """Too little to say; never a pass."""
    ALARM = "alarm"
    """Changed: more than chance does, and by more than is tolerated."""


_BY_WEIGHT = (Verdict.QUIET, Verdict.INCONCLUSIVE, Verdict.ALARM)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that counts; of none, quiet."""
    return max(verdicts, key=_BY_WEIGHT.index, default=Verdict.QUIET)
