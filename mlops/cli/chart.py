"""A line chart as inline SVG: probabilities over a setting, with nothing to load."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH, _HEIGHT = 460, 260
_LEFT, _TOP, _RIGHT, _BOTTOM = 46, 14, 14, 40
_TICKS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Line:
    """A named curve; `dashed` sets a figure apart that is wanted low."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Curves over one axis; the other is a probability."""

    title: str
    axis: str
    lines: Sequence[Line]
    mark: float | None = None
    """A place on the axis worth a vertical line."""
    target: float | None = None


def svg(chart: Chart) -> str:
    """The chart with its legend, readable without a mouse."""
    places = [x for line in chart.lines for x, _ in line.points]
    low, high = min(places), max(places)
    scale = _Scale(low=low, high=high if high > low else low + 1)
    body = _grid(scale) + _guides(chart, scale) + "".join(_curve(li, scale) for li in chart.lines)
    legend = "".join(_legend(line) for line in chart.lines)
    return (
        f'<figure><figcaption>{escape(chart.title)}</figcaption><svg viewBox="0 0 {_WIDTH} '
        f'{_HEIGHT}" role="img" aria-label="{escape(chart.title)}">{body}'
        f'<text class="soft" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 4}" '
        f'text-anchor="middle">{escape(chart.axis)}</text></svg><p>{legend}</p></figure>'
    )


@dataclass(frozen=True, kw_only=True)
class _Scale:
    low: float
    high: float

    def x(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)

    @staticmethod
    def y(probability: float) -> float:
        return _HEIGHT - _BOTTOM - probability * (_HEIGHT - _TOP - _BOTTOM)


def _grid(scale: _Scale) -> str:
    parts = []
    for tick in range(_TICKS + 1):
        probability = tick / _TICKS
        value = scale.low + probability * (scale.high - scale.low)
        y = scale.y(probability)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="soft" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{probability * 100:g} %</text>"
            f'<text class="soft" x="{scale.x(value):.1f}" y="{_HEIGHT - _BOTTOM + 16}" '
            f'text-anchor="middle">{value:.3g}</text>'
        )
    return "".join(parts)


def _guides(chart: Chart, scale: _Scale) -> str:
    parts = []
    if chart.target is not None:
        y = scale.y(chart.target)
        parts.append(
            f'<line class="target" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
    if chart.mark is not None:
        x = scale.x(chart.mark)
        parts.append(
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        )
    return "".join(parts)


def _curve(line: Line, scale: _Scale) -> str:
    path = " ".join(f"{scale.x(x):.1f},{scale.y(p):.1f}" for x, p in line.points)
    # One point alone is no line.
    dots = "".join(
        f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(p):.1f}" r="2" fill="{line.colour}">'
        f"<title>{escape(line.name)}: {p:.3g}</title></circle>"
        for x, p in line.points
    )
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="2"{dashes}/>'
        f"{dots}"
    )


def _legend(line: Line) -> str:
    style = "dashed" if line.dashed else "solid"
    return (
        f'<span class="key"><i style="border-top:2px {style} {line.colour}"></i>'
        f"{escape(line.name)}</span>"
    )
