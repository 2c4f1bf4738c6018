"""The dashboard as a local page: the same panels, over what a rehearsal measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from mlops.dashboards.chart import STYLE, Axis, chart
from mlops.dashboards.panel import Panel, Section
from mlops.dashboards.recorded import Recorded, lines
from mlops.sheet import section, sheet

FILE: Final = "dashboard.html"


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard of the page."""

    heading: str
    sections: Sequence[Section]
    recorded: Sequence[Recorded]
    axis: Axis


def dashboard_page(title: str, boards: Sequence[Board]) -> str:
    """One self-contained HTML file; a panel of which nothing was measured says so in a line."""
    about = (
        '<p class="sub">The panels of the CloudWatch dashboard, with what the rehearsal measured. '
        "Minutes and days are the rehearsed ones.</p>"
    )
    parts = (part for board in boards for part in _board(board))
    body = [f"<h1>{escape(title)}</h1>", about, *parts]
    return sheet(title, body, style=STYLE)


def _board(board: Board) -> Iterator[str]:
    yield f"<h1>{escape(board.heading)}</h1>"
    for part in board.sections:
        panels = "".join(_panel(panel, board) for panel in part.panels)
        yield section(
            part.title, f'<p class="sub">{escape(part.text)}</p><div class="panels">{panels}</div>'
        )


def _panel(panel: Panel, board: Board) -> str:
    found = [line for curve in panel.curves for line in lines(curve, board.recorded) if line.points]
    if found:
        return chart(panel, found, board.axis)
    return f'<p class="sub"><b>{escape(panel.title)}</b>: not measured in this rehearsal.</p>'
