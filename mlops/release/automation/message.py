"""The commit's message of the release automation: what moved, and who wanted it why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlops.release.automation.desired import Step
from mlops.release.git.trailer import one_line, with_trailers
from mlops.release.pins.moves import Move

_NAMED_MODELS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A step with the words of whoever decided."""

    step: Step
    reason: str | None = None
    """What the registry keeps with the decision; None where it keeps nothing."""

    @property
    def why(self) -> str:
        """The decision and its reason."""
        reason = one_line(self.reason or "")
        return f"{self.step.decision}: {reason}" if reason else self.step.decision


def message_of(explained: Sequence[Explained]) -> str:
    """The message of the commit that makes these moves: a line for each, and the trailer."""
    moves = [one.step.move for one in explained]
    lines = [f"{_told(one.step.move)}: {one.why}" for one in explained]
    text = "\n\n".join([_subject(moves), "\n".join(lines)])
    return with_trailers(text, [one.step.occasion for one in explained])


def _told(move: Move) -> str:
    return move.subject.removeprefix("Release: ")


def _subject(moves: Sequence[Move]) -> str:
    if len(moves) == 1:
        return moves[0].subject
    models = list(dict.fromkeys(move.model for move in moves))
    versions = {move.version for move in moves}
    if len(models) == 1 and len(versions) == 1:
        stages = ", ".join(move.stage for move in moves)
        return f"Release: {models[0]} {versions.pop()} in {stages}"
    named = ", ".join(models) if len(models) <= _NAMED_MODELS else f"{len(models)} models"
    return f"Release: {len(moves)} pins of {named}"
