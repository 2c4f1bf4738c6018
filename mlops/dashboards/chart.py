"""A panel as inline SVG: its curves, its marks, and a legend that is read without a mouse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from mlops.dashboards.panel import Mark, Panel
from mlops.dashboards.recorded import Line, Points

_WIDTH, _HEIGHT = 460, 220
_LEFT, _TOP, _RIGHT, _BOTTOM = 58, 12, 10, 28
_STEPS: Final = 4
_HEADROOM: Final = 1.08
_WHOLE: Final = 100
_COLOURS: Final = (
    "#2f6fde", "#12805c", "#b54708", "#7a5af8", "#c11574", "#0e7090", "#667085",
    "#84adff", "#6ce9a6", "#fdb022", "#bdb4fe", "#faa7e0", "#67e3f9", "#98a2b3",
)  # fmt: skip
STYLE: Final = """
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:18px}
figure{margin:0}figcaption{font-weight:600;font-size:14px}.panel .grid{stroke:var(--line)}
.panel text{font-size:11px}.mark{stroke:var(--bad);stroke-dasharray:5 4}
.panel text.said{fill:var(--bad)}
.key{display:inline-block;margin-right:12px;font-size:12px;color:var(--soft)}
.key i{display:inline-block;width:14px;margin-right:4px;vertical-align:middle}
"""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The time axis of a page: how long it is, and where it is written on."""

    end: float
    ticks: Sequence[tuple[float, str]]


def chart(panel: Panel, lines: Sequence[Line], axis: Axis) -> str:
    """The panel drawn; stacked curves lie on each other."""
    shown = _stacked(lines) if panel.stacked else lines
    scale = _Scale(end=axis.end or 1.0, **_bounds(shown, panel.marks))
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(len(shown))]
    body = (
        *_grid(scale),
        *_ticks(scale, axis),
        *(_curve(line, scale, c) for line, c in zip(shown, colours, strict=True)),
        *(_mark(mark, scale) for mark in panel.marks),
    )
    legend = "".join(
        f'<span class="key"><i style="border-top:2px solid {colour}"></i>{escape(line.label)}'
        "</span>"
        for line, colour in zip(shown, colours, strict=True)
    )
    title = escape(f"{panel.title} ({panel.unit})")
    return (
        f'<figure class="panel"><figcaption>{title}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">'
        f"{''.join(body)}</svg><p>{legend}</p></figure>"
    )


@dataclass(frozen=True, kw_only=True)
class _Scale:
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * at / self.end

    def y(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)


def _bounds(lines: Sequence[Line], marks: Sequence[Mark]) -> dict[str, float]:
    values = [y for line in lines for _, y in line.points] + [mark.value for mark in marks]
    low = min(0.0, *values)
    return {"low": low, "high": max(low + 1e-9, *values) * _HEADROOM or 1.0}


def _stacked(lines: Sequence[Line]) -> list[Line]:
    """Each curve on top of those before it."""
    below: dict[float, float] = {}
    found = []
    for line in lines:
        points: list[tuple[float, float]] = []
        for x, y in line.points:
            below[x] = below.get(x, 0.0) + y
            points.append((x, below[x]))
        found.append(Line(label=line.label, points=tuple(points)))
    return found


def _grid(scale: _Scale) -> Iterator[str]:
    for step in range(_STEPS + 1):
        value = scale.low + (scale.high - scale.low) * step / _STEPS
        y = scale.y(value)
        yield (
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="soft" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}'
            "</text>"
        )


def _ticks(scale: _Scale, axis: Axis) -> Iterator[str]:
    for at, text in axis.ticks:
        yield (
            f'<text class="soft" x="{scale.x(at):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )


def _curve(line: Line, scale: _Scale, colour: str) -> str:
    """A line and its points: one point alone is not a line."""
    path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in line.points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        f"{''.join(_dots(line.points, line.label, scale, colour))}"
    )


def _dots(points: Points, label: str, scale: _Scale, colour: str) -> Iterator[str]:
    for x, y in points:
        yield (
            f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="2" fill="{colour}">'
            f"<title>{escape(label)}: {_number(y)}</title></circle>"
        )


def _mark(mark: Mark, scale: _Scale) -> str:
    y = scale.y(mark.value)
    return (
        f'<line class="mark" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="said" x="{_WIDTH - _RIGHT}" y="{y - 3:.1f}" text-anchor="end">'
        f"{escape(mark.label)} {_number(mark.value)}</text>"
    )


def _number(value: float) -> str:
    """Three digits; more in front of the point, since nobody reads powers of ten."""
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"
