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
    """One self-contained HTML file; panels of which nothing was measured are listed at the end."""
    about = (
        '<p class="sub">The panels of the CloudWatch dashboard, with what the rehearsal measured. '
        "Minutes and days are the rehearsed ones.</p>"
    )
    parts = (part for board in boards for part in _board(board))
    body = [f"<h1>{escape(title)}</h1>", about, *parts]
    return sheet(title, body, style=STYLE)


def _board(board: Board) -> Iterator[str]:
    """Sections with something to see; then, in one more, the panels of which nothing is known."""
    yield f"<h1>{escape(board.heading)}</h1>"
    unmeasured = []
    for part in board.sections:
        drawn = {panel.title: _chart(panel, board) for panel in part.panels}
        charts = "".join(chart for chart in drawn.values() if chart)
        if charts:
            about = f'<p class="sub">{escape(part.text)}</p>'
            yield section(part.title, f'{about}<div class="panels">{charts}</div>')
        blank = [title for title, chart in drawn.items() if not chart]
        if blank:
            unmeasured.append(f"<li>{escape(part.title)}: {escape(', '.join(blank))}</li>")
    yield section("Not measured in this rehearsal", _list(unmeasured))


def _chart(panel: Panel, board: Board) -> str:
    """The panel drawn; "" where nothing was measured."""
    found = [line for curve in panel.curves for line in lines(curve, board.recorded) if line.points]
    return chart(panel, found, board.axis) if found else ""


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(items)}</ul>" if items else ""
