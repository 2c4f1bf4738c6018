"""Which version each stage should run, from the releases, their history and the registry alone.

Only state is read: in which order events arrive, and how often, can make no difference.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlops.contract import StageSpec
from mlops.release.automation.failures import Failure
from mlops.release.git.trailer import Occasion
from mlops.release.pins.history import Change
from mlops.release.pins.holds import Hold, holds, taken_out
from mlops.release.pins.moves import Move


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
    failures: Sequence[Failure] = ()
    """What stages rolled back by their own evidence, unless somebody decided about it since."""
    asked: Mapping[str, Collection[int]] = field(default_factory=dict)
    """By stage, the versions that were ever deployed there."""
    unheard: Collection[str] = frozenset()
    """Stages whose release records cannot be read."""
    own_approvals: Mapping[int, str] = field(default_factory=dict)
    """Versions that whoever started their training approved, each in words."""


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
    held: tuple[str, ...] = ()
    """What keeps a version out, or was found against the pinned one, in words."""
    notes: tuple[str, ...] = ()
    """Why nothing else happens, in words."""
    problem: str | None = None
    """What a person has to fix; None where nothing is wrong."""

    @property
    def move(self) -> Move | None:
        """The move to make, if any."""
        return self.step.move if self.step else None


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """Why a pin cannot stay."""

    standing: str
    """As people are notified that nothing can follow it."""
    decision: str
    """As a commit says it, after the version."""
    occasion: Occasion


def desired(state: ModelState, stages: Sequence[StageSpec]) -> list[Desired]:
    """What is to become of a model in every stage, in the order of promotion.

    A stage that releases by hand never moves. In the others the candidate is the highest approved
    version that no person left there, and that neither this stage nor one before it rolled back.
    A first pin and a higher candidate move forward. A pin moves to the candidate wherever that is
    if it was rejected, is unknown to the registry, was rolled back here, or was rolled back in a
    stage before and never ran here. No move ever takes a pin away.
    """
    return [_of_stage(state, stages[: place + 1]) for place in range(len(stages))]


def _of_stage(state: ModelState, path: Sequence[StageSpec]) -> Desired:
    """The decision about the last stage of a path, which the others come before."""
    stage, pinned = path[-1], state.pins.get(path[-1].name)
    stays = Desired(model=state.model, stage=stage.name, promotion=stage.promotion, pinned=pinned)
    history = [change for change in state.history if change.stage == stage.name]
    failures = _failures(state, path, history)
    refusal = _refusal(state, stays, failures)
    if stage.promotion == "by-hand":
        standing = f"; {pinned} {refusal.decision}" if refusal else ""
        note = f"people release here{standing}"
        return replace(stays, held=_found_against(stays, failures), notes=(note,))
    gone = taken_out(history)
    if pinned is None and gone is not None:
        note = f"taken out by {gone.commit[:10]} ({gone.who}); pin a version to let it in again"
        return replace(stays, notes=(note,))
    unheard = [one.name for one in path if one.name in state.unheard]
    if unheard:
        # What they rolled back is not known, and must not be pinned again.
        note = f"nothing moves here while the release records of {unheard[0]} cannot be read"
        return replace(stays, notes=(note,))
    kept_out: list[Hold | Failure] = [*holds(history), *failures]
    stays = replace(stays, held=tuple(_own(state, pinned)))
    return _moved(stays, refusal, _Candidates.of(_eligible(state), kept_out), failures)


def _eligible(state: ModelState) -> dict[int, str]:
    """The statuses without the approvals that nobody else gave."""
    return {n: status for n, status in state.statuses.items() if n not in state.own_approvals}


def _own(state: ModelState, pinned: int | None) -> Iterator[str]:
    for number, why in sorted(state.own_approvals.items()):
        if number > (pinned or 0):
            yield (
                f"{number} is held: {why}; remedy: let somebody else approve it with "
                f"`mlops registry approve {state.model} {number} --reason <why>`"
            )


def _failures(
    state: ModelState, path: Sequence[StageSpec], history: Sequence[Change]
) -> tuple[Failure, ...]:
    """What counts in a stage: its own failures and those of the stages before it."""
    names = [stage.name for stage in path]
    return tuple(
        failure
        for failure in state.failures
        if failure.stage in names and not failure.is_overruled(history)
    )


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """The approved versions as one stage sees them."""

    best: int | None
    held: int | None
    """A higher approved version that is kept out."""
    hold: Hold | Failure | None

    @classmethod
    def of(cls, statuses: Mapping[int, str], found: Sequence[Hold | Failure]) -> "_Candidates":
        approved = sorted(number for number, status in statuses.items() if status == "Approved")
        covering = {
            number: next((hold for hold in found if hold.covers(number)), None)
            for number in approved
        }
        best = max((number for number, hold in covering.items() if hold is None), default=None)
        highest = approved[-1] if approved else None
        held = highest if highest != best else None
        return cls(best=best, held=held, hold=covering[held] if held is not None else None)


def _moved(
    stays: Desired, refusal: _Refusal | None, candidates: _Candidates, failures: Sequence[Failure]
) -> Desired:
    pinned, best = stays.pinned, candidates.best
    above = 0 if refusal else pinned or 0
    held = (*stays.held, *_held(candidates, stays, above), *_found_against(stays, failures))
    stays = replace(stays, held=held)
    if best is None and refusal:
        return replace(stays, problem=_no_way(stays, refusal))
    if best is None and pinned is None and not stays.held:
        return replace(stays, notes=("no version is approved yet",))
    if best is None or best <= above:
        return stays
    return replace(stays, step=_step(stays, best, refusal))


def _step(stays: Desired, best: int, refusal: _Refusal | None) -> Step:
    pinned = stays.pinned
    move = Move(model=stays.model, stage=stays.stage, before=pinned, version=best)
    if pinned is None or refusal is None:
        decision = f"{best} is approved"
        return Step(move=move, occasion=Occasion.APPROVED, decided=best, decision=decision)
    decision = f"{pinned} {refusal.decision}"
    return Step(move=move, occasion=refusal.occasion, decided=pinned, decision=decision)


def _refusal(state: ModelState, stays: Desired, failures: Sequence[Failure]) -> _Refusal | None:
    """Why a pin cannot stay; a version that nobody decided about may be pinned by a person."""
    pinned = stays.pinned
    if pinned is None:
        return None
    failed_in = [failure.stage for failure in failures if failure.version == pinned]
    if stays.stage in failed_in:
        return _rolled_back("was rolled back")
    if failed_in and pinned not in state.asked.get(stays.stage, ()):
        return _rolled_back(f"was rolled back in {failed_in[0]} and never ran here")
    status = state.statuses.get(pinned, "unknown to the registry")
    if status == "Rejected" or pinned not in state.statuses:
        told = f"is {status.lower()}"
        return _Refusal(standing=status, decision=told, occasion=Occasion.REJECTED)
    return None


def _rolled_back(decision: str) -> _Refusal:
    return _Refusal(standing=decision, decision=decision, occasion=Occasion.ROLLED_BACK)


def _found_against(stays: Desired, failures: Sequence[Failure]) -> tuple[str, ...]:
    """What speaks against the pin, whether or not it moves."""
    found = (
        f"{failure.version} is pinned here and was {failure}: decide about it"
        for failure in failures
        if failure.version == stays.pinned
    )
    return tuple(found)


def _held(candidates: _Candidates, stays: Desired, above: int) -> tuple[str, ...]:
    hold = candidates.hold
    if hold is None or candidates.held in (None, stays.pinned) or (candidates.held or 0) <= above:
        return ()
    return (f"{candidates.held} is approved and held: {hold}; {hold.remedy}",)


def _no_way(stays: Desired, refusal: _Refusal) -> str:
    return (
        f"{stays.model} in {stays.stage}: {stays.pinned} is pinned and {refusal.standing}, and no "
        "approved version is there to go to, so the pin stays; remedy: approve a version with "
        f"`mlops registry approve {stays.model} <version> --reason <why>`, or pin one by hand"
    )
