"""Which version each stage should run, from the releases, their history and the registry alone.

Only state is read: in which order events arrive, and how often, can make no difference.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from mlops.contract import StageSpec
from mlops.release.history import Change
from mlops.release.holds import Hold, holds, taken_out
from mlops.release.moves import Move
from mlops.release.trailer import Occasion


@dataclass(frozen=True, kw_only=True)
class ModelState:
    """Everything that decides about one model."""

    model: str
    pins: Mapping[str, int | None]
    """By stage, as the newest commit has them."""
    statuses: Mapping[int, str]
    """The registry's word about each version that it knows."""
    history: Sequence[Change]
    """Every change of the pins, oldest first."""
    blamed: Collection[int] = frozenset()
    """Versions that a stage's release record finds at fault."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A move and the decision that it follows."""

    move: Move
    occasion: Occasion
    decided: int
    """The version that was decided about."""
    decision: str
    """What was decided, in words."""


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What is to become of one model in one stage, and why."""

    model: str
    stage: str
    promotion: str
    pinned: int | None
    step: Step | None = None
    """None where the pin stays."""
    notes: tuple[str, ...] = ()
    """What keeps a version out, in words."""
    problem: str | None = None
    """What a person has to mend; None where nothing is wrong."""

    @property
    def move(self) -> Move | None:
        """The move to make, if any."""
        return self.step.move if self.step else None


def desired(state: ModelState, stages: Sequence[StageSpec]) -> list[Desired]:
    """What is to become of a model in every stage, in the order of promotion.

    A stage that releases by hand never moves. In the others the candidate is the highest approved
    version that no person left there: a first pin and a higher candidate move forward, a pin that
    was rejected or is unknown to the registry moves to the candidate wherever it is. No move ever
    takes a pin away.
    """
    return [_of_stage(state, stage) for stage in stages]


def _of_stage(state: ModelState, stage: StageSpec) -> Desired:
    pinned = state.pins.get(stage.name)
    stays = Desired(model=state.model, stage=stage.name, promotion=stage.promotion, pinned=pinned)
    if stage.promotion == "by-hand":
        refusal = _refusal(state, pinned)
        standing = f"; {pinned} is {refusal.lower()}" if refusal else ""
        return replace(stays, notes=(f"people release here{standing}",))
    history = [change for change in state.history if change.stage == stage.name]
    gone = taken_out(history)
    if pinned is None and gone is not None:
        note = f"taken out by {gone.commit[:10]} ({gone.who}); pin a version to let it in again"
        return replace(stays, notes=(note,))
    return _moved(stays, state, _Candidates.of(state.statuses, holds(history)))


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """The approved versions as one stage sees them."""

    best: int | None
    held: int | None
    """A higher approved version that a person left."""
    hold: Hold | None

    @classmethod
    def of(cls, statuses: Mapping[int, str], found: Sequence[Hold]) -> "_Candidates":
        approved = sorted(number for number, status in statuses.items() if status == "Approved")
        covering = {
            number: next((hold for hold in found if hold.covers(number)), None)
            for number in approved
        }
        best = max((number for number, hold in covering.items() if hold is None), default=None)
        highest = approved[-1] if approved else None
        held = highest if highest != best else None
        return cls(best=best, held=held, hold=covering[held] if held is not None else None)


def _moved(stays: Desired, state: ModelState, candidates: _Candidates) -> Desired:
    pinned, best = stays.pinned, candidates.best
    refusal = _refusal(state, pinned)
    above = 0 if refusal else pinned or 0
    notes = _held(candidates, above)
    if best is None and refusal:
        return replace(stays, notes=notes, problem=_no_way(stays, refusal))
    if best is None and pinned is None and not notes:
        return replace(stays, notes=("no version is approved yet",))
    if best is None or best <= above:
        return replace(stays, notes=notes)
    return replace(stays, step=_step(stays, best, refusal, state.blamed), notes=notes)


def _step(stays: Desired, best: int, refusal: str | None, blamed: Collection[int]) -> Step:
    pinned = stays.pinned
    move = Move(model=stays.model, stage=stays.stage, before=pinned, version=best)
    if pinned is None or refusal is None:
        decision = f"{best} is approved"
        return Step(move=move, occasion=Occasion.APPROVED, decided=best, decision=decision)
    if refusal == "Rejected" and pinned in blamed:
        decision, occasion = f"{pinned} was rolled back", Occasion.ROLLED_BACK
    else:
        decision, occasion = f"{pinned} is {refusal.lower()}", Occasion.REJECTED
    return Step(move=move, occasion=occasion, decided=pinned, decision=decision)


def _refusal(state: ModelState, pinned: int | None) -> str | None:
    """Why a pin cannot stay; a version that nobody decided about may be pinned by a person."""
    if pinned is None:
        return None
    status = state.statuses.get(pinned, "unknown to the registry")
    return status if status == "Rejected" or pinned not in state.statuses else None


def _held(candidates: _Candidates, above: int) -> tuple[str, ...]:
    if candidates.held is None or candidates.held <= above:
        return ()
    return (
        f"{candidates.held} is approved and held: {candidates.hold}; pin it to let it in again",
    )


def _no_way(stays: Desired, refusal: str) -> str:
    return (
        f"{stays.model} in {stays.stage}: {stays.pinned} is pinned and {refusal}, and no approved "
        "version is there to go to, so the pin stays; remedy: approve a version with "
        f"`mlops registry approve {stays.model} <version> --reason <why>`, or pin one by hand"
    )
