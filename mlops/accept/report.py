"""A plan or a run of the acceptance kit, as lines, as data and as a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from mlops.accept.assumptions import ASSUMPTIONS, Assumption, assumption
from mlops.accept.call import Call
from mlops.accept.probe import Probe, Status
from mlops.accept.run import Outcome
from mlops.sheet import PAGE, Mood, badge, facts, section, sheet, table

JSON: Final = "acceptance.json"
_MOODS: Final[dict[Status, Mood]] = {
    Status.HELD: "good",
    Status.BROKEN: "bad",
    Status.OPEN: "none",
}
__all__ = ["JSON", "PAGE", "Report"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The probes of a stage, and what they showed where they were run."""

    stage: str
    account: str
    region: str
    probes: Sequence[Probe]
    outcomes: Sequence[Outcome] | None
    """None: only planned."""
    left: Sequence[str] = ()
    """What an earlier run made and could not be removed now either."""

    @property
    def failed(self) -> bool:
        """Whether something that the platform needs does not hold, or something could not go."""
        outcomes = self.outcomes or ()
        return bool(self.left) or any(
            one.left
            or (one.verdict.status is Status.BROKEN and assumption(one.probe.assumption).needed)
            for one in outcomes
        )

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        yield f"{self.stage}: account {self.account}, {self.region}"
        for probe in self.probes:
            yield from _planned(probe) if self.outcomes is None else ()
        for outcome in self.outcomes or ():
            yield from _told(outcome)
        for left in self.left:
            yield f"LEFT BEHIND by an earlier run: {left}"
        yield self._last_line()

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        outcomes = {one.probe.assumption: one for one in self.outcomes or ()}
        return {
            "schema": 1,
            "stage": self.stage,
            "account": self.account,
            "region": self.region,
            "ran": self.outcomes is not None,
            "failed": self.failed,
            "left": list(self.left),
            "probes": [_as_data(probe, outcomes.get(probe.assumption)) for probe in self.probes],
            "unasked": [
                {
                    "assumption": one.id,
                    "claim": one.claim,
                    "why": one.unasked,
                    "otherwise": one.otherwise,
                }
                for one in ASSUMPTIONS
                if one.probe is None
            ],
        }

    def page(self) -> str:
        """For people, as one self-contained file."""
        title = f"acceptance of {self.stage}"
        head = facts([("account", self.account), ("region", self.region)])
        rows = [_row(probe, self._outcome(probe)) for probe in self.probes]
        asked = table(("what", "assumption", "detail", "calls"), rows)
        unasked = [
            (
                f"<code>{one.id}</code>",
                escape(one.claim),
                escape(one.unasked),
                escape(one.otherwise),
            )
            for one in ASSUMPTIONS
            if one.probe is None
        ]
        rest = table(("id", "assumption", "why no probe", "otherwise"), unasked)
        body = (
            f"<h1>{escape(title)}</h1><p class='sub'>{escape(self._last_line())}</p>",
            section("Where", head),
            section("Asked" if self.outcomes is not None else "Planned", asked),
            section("Not asked", rest),
        )
        return sheet(title, body)

    def _outcome(self, probe: Probe) -> Outcome | None:
        found = (one for one in self.outcomes or () if one.probe.assumption == probe.assumption)
        return next(found, None)

    def _last_line(self) -> str:
        if self.outcomes is None:
            calls = [call for probe in self.probes for call in probe.calls]
            writes = sum(1 for call in calls if not call.reads)
            costs = [probe.cost for probe in self.probes if probe.calls and probe.cost != "free"]
            cost = "; ".join(costs) or "nothing"
            return (
                f"{len(calls)} requests, {writes} of them make something that is removed again; "
                f"cost: {cost}; nothing was sent: add --run"
            )
        found = [one.verdict.status for one in self.outcomes]
        return ", ".join(f"{found.count(status)} {status}" for status in Status)


def _planned(probe: Probe) -> Iterator[str]:
    known = assumption(probe.assumption)
    yield f"{probe.assumption}: {known.claim}"
    if probe.idle:
        yield f"    nothing to ask: {probe.idle}"
        return
    if probe.disturbs:
        yield f"    only with --only {probe.assumption}: {probe.disturbs}"
    yield f"    cost: {probe.cost}"
    for line in _grouped(probe.calls):
        yield f"    {line}"


def _grouped(calls: Sequence[Call]) -> Iterator[str]:
    """Each operation once, with how often and what removes what it makes."""
    seen: dict[tuple[str, str, str], int] = {}
    for call in calls:
        undo = call.undo.operation if call.undo else ""
        key = (call.place, f"{call.service}:{call.operation}", undo)
        seen[key] = seen.get(key, 0) + 1
    for (place, operation, undo), count in seen.items():
        times = f" x {count}" if count > 1 else ""
        yield f"{operation}{times} in {place}" + (f", undone by {undo}" if undo else "")


def _told(outcome: Outcome) -> Iterator[str]:
    known = assumption(outcome.probe.assumption)
    yield f"{outcome.verdict.status:<7}{known.id}: {outcome.verdict.detail}"
    if outcome.verdict.status is Status.BROKEN:
        yield f"       {'otherwise' if known.needed else 'not needed'}: {known.otherwise}"
    for left in outcome.left:
        yield f"       LEFT BEHIND: {left}"


def _as_data(probe: Probe, outcome: Outcome | None) -> dict[str, Any]:
    known = assumption(probe.assumption)
    return {
        "assumption": known.id,
        "claim": known.claim,
        "needed": known.needed,
        "otherwise": known.otherwise,
        "cost": probe.cost,
        "idle": probe.idle,
        "calls": [
            {
                "place": call.place,
                "service": call.service,
                "operation": call.operation,
                "reads": call.reads,
                "undo": call.undo.operation if call.undo else None,
            }
            for call in probe.calls
        ],
        "status": str(outcome.verdict.status) if outcome else None,
        "detail": outcome.verdict.detail if outcome else None,
        "left": list(outcome.left) if outcome else [],
    }


def _row(probe: Probe, outcome: Outcome | None) -> tuple[str, ...]:
    known: Assumption = assumption(probe.assumption)
    detail = outcome.verdict.detail if outcome else probe.idle
    left = (
        "".join(f"<p class='bad'>left behind: {escape(one)}</p>" for one in outcome.left)
        if outcome
        else ""
    )
    status = badge(str(outcome.verdict.status), _MOODS[outcome.verdict.status]) if outcome else ""
    return (
        f"{status} <code>{known.id}</code>",
        escape(known.claim),
        escape(detail) + left,
        "<br>".join(escape(line) for line in _grouped(probe.calls)),
    )
