"""The page of a replay: both errors over time, and what happened in each period."""

from collections.abc import Sequence
from html import escape
from typing import Final

from mlops.rehearsal.drift.results import DriftRehearsal, PeriodResult, Training
from mlops.sheet import badge, facts, section, sheet, table

_WIDTH: Final = 940
_HEIGHT: Final = 260
_LEFT: Final = 64
_BOTTOM: Final = 36
_TOP: Final = 12
_STYLE: Final = """
.chart{width:100%;height:auto}.chart text{font:11px system-ui,sans-serif;fill:var(--soft)}
.live{stroke:var(--good);stroke-width:2.5;fill:none}.frozen{stroke:var(--bad);stroke-width:2;
stroke-dasharray:5 4;fill:none}
circle.live{fill:var(--good)}circle.frozen{fill:var(--bad)}
.grid{stroke:var(--line)}.mark{stroke:var(--reuse);stroke-width:1}
"""


def page(rehearsal: DriftRehearsal) -> str:
    """One self-contained HTML file."""
    title = f"Drift of {rehearsal.model} in {rehearsal.stage}"
    body = [
        (
            f"<h1>{escape(title)} {_ending(rehearsal)}</h1>"
            f'<p class="sub">{escape(rehearsal.story)}; {escape(rehearsal.began)}</p>'
        ),
        section("In short", _short(rehearsal)),
        section(f"Error: {rehearsal.unit}", chart(rehearsal.periods)),
        section("Period by period", _periods(rehearsal.periods)),
        section("Automatic trainings", _trainings(rehearsal.trainings)),
    ]
    if rehearsal.objections:
        items = "".join(f"<li>{escape(text)}</li>" for text in rehearsal.objections)
        body.insert(1, section("Not as expected", f"<ul>{items}</ul>"))
    return sheet(title, body, style=_STYLE)


def chart(periods: Sequence[PeriodResult]) -> str:
    """Both errors as lines; a vertical line where a new version was released."""
    highest = max(max(one.error, one.frozen_error) for one in periods) * 1.08 or 1.0
    step = (_WIDTH - _LEFT - 20) / max(1, len(periods) - 1)
    places = [(_LEFT + number * step) for number in range(len(periods))]

    def height(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / highest)

    def line(kind: str, values: Sequence[float]) -> str:
        points = [(f"{x:.1f}", f"{height(v):.1f}", v) for x, v in zip(places, values, strict=True)]
        # One point alone is no line.
        dots = "".join(
            f'<circle class="{kind}" cx="{x}" cy="{y}" r="3"><title>{v:.4g}</title></circle>'
            for x, y, v in points
        )
        path = " ".join(f"{x},{y}" for x, y, _ in points)
        return f'<polyline class="{kind}" points="{path}"/>{dots}'

    grid = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{height(v):.1f}" y2="{height(v):.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{height(v) + 4:.1f}" text-anchor="end">{v:.3g}</text>'
        for v in (highest * share for share in (0, 0.25, 0.5, 0.75, 1))
    )
    every = max(1, len(periods) // 12)
    names = "".join(
        f'<text x="{x:.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(one.name)}</text>'
        for number, (x, one) in enumerate(zip(places, periods, strict=True))
        if number % every == 0
    )
    marks = "".join(
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        for x, one in zip(places, periods, strict=True)
        if any(training.released for training in one.trainings)
    )
    drawn = (
        grid + marks + names + line("frozen", [one.frozen_error for one in periods])
        + line("live", [one.error for one in periods])
    )  # fmt: skip
    legend = (
        '<p class="sub">Line: with retraining. Dashes: the first version, never retrained. '
        "Vertical: a new version was released at the end of the period.</p>"
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH + 10} {_HEIGHT}" role="img">{drawn}</svg>{legend}'
    )


def _ending(rehearsal: DriftRehearsal) -> str:
    if rehearsal.as_expected:
        return badge("as expected", "good")
    return badge("not as expected", "bad")


def _short(rehearsal: DriftRehearsal) -> str:
    noticed = sum("drift" in period.red for period in rehearsal.periods)
    released = sum(training.released for training in rehearsal.trainings)
    return facts(
        [
            ("Mean error with retraining", f"{rehearsal.error:.4g}"),
            ("Without", f"{rehearsal.frozen_error:.4g}"),
            ("Periods in which drift was detected", f"{noticed} of {len(rehearsal.periods)}"),
            ("Automatic trainings", f"{len(rehearsal.trainings)}, {released} released"),
            ("Requests", str(sum(period.requests for period in rehearsal.periods))),
            ("Took", f"{rehearsal.seconds:.0f} s"),
        ]
    )


def _periods(periods: Sequence[PeriodResult]) -> str:
    rows = [
        [
            f'<a href="{escape(one.page)}">{escape(one.name)}</a>',
            str(one.version),
            f"{one.error:.4g}",
            f"{one.frozen_error:.4g}",
            " ".join(badge(key, "bad") for key in one.red) or badge(one.verdict, "none"),
            "<br>".join(escape(reason) for reason in one.reasons[:3]),
            "<br>".join(escape(answer) for answer in one.answers[:3]),
        ]
        for one in periods
    ]
    headings = ("Period", "Version", "Error", "Without", "Alarms", "Why", "Retraining said")
    return table(headings, rows)


def _trainings(trainings: Sequence[Training]) -> str:
    if not trainings:
        return '<p class="sub">None was started.</p>'
    rows = [
        [
            escape(one.execution),
            escape(one.trigger),
            str(one.version or "–"),
            escape(one.failure or "gates passed"),
            escape(one.canary or "–"),
            escape(one.evidence),
        ]
        for one in trainings
    ]
    return table(("Execution", "Trigger", "Version", "Gates", "Canary", "Evidence"), rows)
