"""The page of a delivery rehearsal, for somebody who was not there: what happened, in order."""

from collections.abc import Iterator
from html import escape
from typing import Final

from mlops.rehearsal.delivery.results import (
    Chapter,
    DeliveryRehearsal,
    PipelineRun,
    StageRun,
    Waking,
)
from mlops.sheet import Mood, badge, facts, section, sheet, table

_STYLE: Final = """
p{margin:4px 0 12px;max-width:76ch}a{color:inherit}
.act{border-left:3px solid var(--line);padding:2px 0 2px 14px;margin:14px 0}
.act h3{font-size:15px;margin:0 0 6px}.act.triggered{border-color:var(--reuse)}
.act.run{border-color:var(--good)}.act.stopped{border-color:var(--bad)}
"""
_SHORT: Final = 10


def page(rehearsal: DeliveryRehearsal) -> str:
    """The whole page."""
    body = (
        _header(rehearsal),
        _end(rehearsal),
        *(_chapter(chapter) for chapter in rehearsal.chapters),
        section("The branch", _log(rehearsal)),
    )
    return sheet(f"{rehearsal.model} · delivery · {rehearsal.id}", body, style=_STYLE)


def _header(rehearsal: DeliveryRehearsal) -> str:
    good = rehearsal.as_expected
    verdict = badge("as expected" if good else "not as expected", "good" if good else "bad")
    return (
        f"<h1>{escape(rehearsal.model)}: the delivery {verdict}</h1>"
        f'<p class="sub">Rehearsal {escape(rehearsal.id)} · {escape(rehearsal.began)} · '
        f"{rehearsal.seconds:.0f} s · fault {escape(rehearsal.fault)}</p>"
        "<p>Everything below was carried out on one machine: a git remote of its own, the "
        "release automation as a program, one synthesis per commit, a canary of real model "
        "servers per stage, the functions of the synthesized templates from their own archives. "
        "Events took the way of the synthesized rules. AWS's services were stood in for by what "
        "the canaries left behind.</p>"
    )


def _end(rehearsal: DeliveryRehearsal) -> str:
    objections = "".join(f'<p class="bad">{escape(one)}</p>' for one in rehearsal.objections)
    stages = table(
        ("stage", "the repository pins", "the endpoint runs"),
        [
            (escape(stage), _number(pin), _number(rehearsal.live.get(stage)))
            for stage, pin in rehearsal.pins.items()
        ],
    )
    versions = table(
        ("version", "", "in the registry", "reason"),
        [
            (
                str(number),
                _role(rehearsal, number),
                _status(status),
                escape(rehearsal.reasons.get(number, "")),
            )
            for number, status in rehearsal.statuses.items()
        ],
    )
    return section("How it ended", f"{objections}{stages}{versions}")


def _role(rehearsal: DeliveryRehearsal, number: int) -> str:
    roles = {rehearsal.base: "at the beginning", rehearsal.good: "good", rehearsal.bad: "the fault"}
    return roles.get(number, "")


def _status(status: str) -> str:
    moods: dict[str, Mood] = {"Approved": "good", "Rejected": "bad"}
    return badge(status, moods.get(status, "none"))


def _chapter(chapter: Chapter) -> str:
    acts = "".join(_act(act) for act in chapter.acts)
    return section(chapter.title, f"<p>{escape(chapter.story)}</p>{acts}")


def _act(act: Waking | PipelineRun) -> str:
    return _waking(act) if isinstance(act, Waking) else _run(act)


def _waking(waking: Waking) -> str:
    title = f"Release automation, triggered by: {escape(waking.cause)}"
    did = f"pushed {waking.commit[:_SHORT]}" if waking.commit else "nothing to do"
    shown = [("way of the event", " → ".join(waking.rules))] if waking.rules else []
    message = f"<pre>{escape(waking.message)}</pre>" if waking.message else ""
    said = (
        f"<details><summary>what it said</summary><pre>{escape(waking.said)}</pre></details>"
        if waking.said
        else ""
    )
    what = facts([("it", did), *shown])
    return f'<div class="act triggered"><h3>{title}</h3>{what}{message}{said}</div>'


def _run(run: PipelineRun) -> str:
    stopped = run.stopped_at
    title = f"Pipeline, commit {run.commit[:_SHORT]}: {escape(run.subject)}"
    end = badge(f"stopped at {stopped}", "bad") if stopped else badge("through every stage", "good")
    rows = table(
        ("stage", "version", "canary", "release check", "record", "people were notified"),
        [list(_stage(stage)) for stage in run.stages],
    )
    kind = "stopped" if stopped else "run"
    return f'<div class="act {kind}"><h3>{title} {end}</h3>{rows}</div>'


def _stage(run: StageRun) -> Iterator[str]:
    yield escape(run.stage)
    if run.deployment is None:
        yield str(run.version)
        yield "unchanged" if run.passed else badge("not deployed", "bad")
        yield from (escape(run.reason), "", "")
        return
    yield f"{run.version} over {run.before}"
    mood: Mood = "good" if run.passed else "bad"
    yield f'<a href="{escape(run.page or "")}">{badge(run.deployment.observed, mood)}</a>'
    yield f"{badge('passed' if run.passed else 'failed', mood)}<br>{escape(run.reason)}"
    yield escape(run.outcome)
    yield escape("; ".join(run.told) or "-")


def _log(rehearsal: DeliveryRehearsal) -> str:
    return f"<pre>{escape(chr(10).join(rehearsal.log))}</pre>"


def _number(version: int | None) -> str:
    return "-" if version is None else str(version)
