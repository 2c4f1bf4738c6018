"""How the standing of the stages and the history of their pins look in a terminal."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mlops.release.automation.desired import Desired
from mlops.release.pins.history import Change
from mlops.release.status.live import NOT_ASKED, Live
from mlops.release.status.status import StageStatus

_NOTHING = "-"


def status_table(model: str, stages: Sequence[StageStatus]) -> RenderableType:
    """One model, a stage per line."""
    table = Table(title=model, title_justify="left", box=None, pad_edge=False)
    for heading in ("stage", "pinned", "live", "approved", "newest"):
        table.add_column(heading)
    table.add_column("what differs", overflow="fold")
    for stage in stages:
        table.add_row(
            stage.stage,
            _number(stage.pinned),
            _live(stage.live),
            _number(stage.registered.approved if stage.registered else None),
            _number(stage.registered.newest if stage.registered else None),
            plain("\n".join(stage.differences) or "nothing"),
        )
    return table


def history_table(model: str, found: Sequence[Change]) -> RenderableType:
    """The changes of a model's pins, newest first."""
    if not found:
        return Text(f"no commit changed a release of {model} yet", style="dim")
    table = Table(title=model, title_justify="left", box=None, pad_edge=False)
    for heading in ("commit", "when", "stage", "version"):
        table.add_column(heading, no_wrap=True)
    table.add_column("who")
    table.add_column("message", overflow="fold")
    for change in reversed(found):
        table.add_row(
            change.commit[:10],
            f"{change.when:%Y-%m-%d %H:%M %z}",
            change.stage,
            f"{_number(change.before)} → {_number(change.version)}",
            plain(change.who),
            plain(_shown(change.message)),
        )
    return table


def decisions_table(model: str, decisions: Sequence[Desired]) -> RenderableType:
    """What is to become of one model, a stage per line."""
    table = Table(title=model, title_justify="left", box=None, pad_edge=False)
    for heading in ("stage", "promotion", "pinned"):
        table.add_column(heading, no_wrap=True)
    table.add_column("why", overflow="fold")
    for decision in decisions:
        move = decision.move
        pinned = _number(decision.pinned)
        table.add_row(
            decision.stage,
            decision.promotion,
            pinned if move is None else f"{pinned} → {_number(move.version)}",
            plain("\n".join(reasons(decision)) or "nothing to do"),
        )
    return table


def reasons(decision: Desired) -> list[str]:
    """Why a pin moves or stays, in words; nothing where there was nothing to decide."""
    why = [decision.step.decision] if decision.step else []
    return [
        *why,
        *decision.held,
        *decision.notes,
        *([decision.problem] if decision.problem else []),
    ]


def _shown(message: str) -> str:
    """A message's subject and the first line below it, which is where the reason stands."""
    lines = [line for line in message.splitlines() if line.strip()]
    return "\n".join(lines[:2])


def plain(text: str) -> Text:
    """Text that anybody may have written, without what would steer a terminal."""
    return Text("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text))


def _number(version: int | None) -> str:
    return _NOTHING if version is None else str(version)


def _live(live: Live) -> Text:
    if live is NOT_ASKED:
        return Text("not served here", style="dim")
    if live.unknown:
        return Text("unknown", style="yellow")
    named = f" ({live.release})" if live.release else ""
    return Text(f"{_number(live.version)}{named}")
