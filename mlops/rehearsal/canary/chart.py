"""The timeline of one deployment as inline SVG: traffic, errors, latency, alarms, by minutes.

Four lanes share one time axis, so that an eye can follow a cause downwards to its effect.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from mlops.rehearsal.canary.endpoint import GuardedEndpoint, RollbackAlarm
from mlops.rehearsal.canary.results import DeploymentResult, Minute

WIDTH: Final = 920
_LEFT, _RIGHT = 150, 14
_LANE, _GAP, _TOP = 92, 34, 64
_ALARM_ROW: Final = 22
_MARKED: Final = ("shift", "alarm", "rollback", "promotion", "failure")
_MICROSECONDS: Final = 1000.0
_LABEL_PIXELS: Final = 6.4


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One quantity of both fleets over time."""

    title: str
    value: Callable[[Minute], float]
    text: Callable[[float], str]
    threshold: float | None
    floor: float
    """Smallest upper end of the scale, so that noise does not fill the lane."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Deployment time across the page."""

    end: float

    def x(self, at: float) -> float:
        """Where a moment is."""
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(at, self.end) / self.end


def chart(result: DeploymentResult, endpoint: GuardedEndpoint) -> str:
    """The whole picture."""
    axis = Axis(end=max(result.ended, 60.0))
    lanes = _lanes(endpoint)
    alarm_top = _TOP + (len(lanes) + 1) * (_LANE + _GAP)
    height = alarm_top + _ALARM_ROW * len(endpoint.alarms) + 40
    parts = [
        _phases(result, axis, alarm_top),
        _share(result, axis, _TOP),
        *(
            _lane(lane, result, axis, _TOP + (number + 1) * (_LANE + _GAP))
            for number, lane in enumerate(lanes)
        ),
        _alarms(result, endpoint.alarms, axis, alarm_top),
        _ticks(axis, height - 22),
        "".join(_marks(result, axis, height - 40)),
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Timeline of the deployment under {escape(result.fault)}">'
        f"{''.join(parts)}</svg>"
    )


def _lanes(endpoint: GuardedEndpoint) -> tuple[Lane, ...]:
    return (
        Lane(
            title="errors",
            value=lambda minute: minute.error_ratio,
            text=lambda value: f"{value:.0%}" if value >= 0.1 else f"{value:.1%}",  # noqa: PLR2004
            threshold=_threshold(endpoint, "Invocation5XXErrors"),
            floor=0.06,
        ),
        Lane(
            title="latency p99",
            value=lambda minute: minute.p99_ms,
            text=lambda value: f"{value:.0f} ms",
            threshold=_threshold(endpoint, "ModelLatency", per=_MICROSECONDS),
            floor=50.0,
        ),
    )


def _threshold(endpoint: GuardedEndpoint, metric: str, *, per: float = 1.0) -> float | None:
    found = [alarm.rule.threshold / per for alarm in endpoint.alarms if alarm.metric == metric]
    return min(found, default=None)


def _phases(result: DeploymentResult, axis: Axis, bottom: float) -> str:
    """Bakes as bands behind everything else."""
    bands = []
    bakes = [event for event in result.events if event.kind == "bake"]
    ends = [event.at for event in result.events if event.kind in ("shift", "rollback", "promotion")]
    for bake in bakes:
        end = min((moment for moment in ends if moment > bake.at + 0.5), default=result.ended)
        left, width = axis.x(bake.at), axis.x(end) - axis.x(bake.at)
        bands.append(
            f'<rect class="band" x="{left:.1f}" y="{_TOP - 4}" width="{width:.1f}" '
            f'height="{bottom - _TOP - _GAP + 14:.1f}"/>'
            f'<text class="soft" x="{left + 4:.1f}" y="{_TOP + _LANE + 14}">'
            f"{escape(bake.text) if width > len(bake.text) * _LABEL_PIXELS else ''}</text>"
        )
    return "".join(bands)


def _share(result: DeploymentResult, axis: Axis, top: float) -> str:
    """The share of the traffic that each fleet had, as two stacked areas."""
    corners = []
    for (at, share), (until, _) in zip(
        result.shares, [*result.shares[1:], (result.ended, 0.0)], strict=True
    ):
        y = top + _LANE * (1 - share)
        corners += [f"{axis.x(at):.1f},{y:.1f}", f"{axis.x(until):.1f},{y:.1f}"]
    bottom, right = top + _LANE, axis.x(result.ended)
    return (
        f"{_title('traffic', '100 %', top)}"
        f'<rect class="blue-area" x="{_LEFT}" y="{top}" width="{right - _LEFT:.1f}" '
        f'height="{_LANE}"/>'
        f'<polygon class="green-area" points="{_LEFT},{bottom} {" ".join(corners)} '
        f'{right:.1f},{bottom}"/>'
    )


def _lane(lane: Lane, result: DeploymentResult, axis: Axis, top: float) -> str:
    values = [lane.value(minute) for minute in result.minutes]
    most = max([lane.floor, *values, 1.25 * (lane.threshold or 0.0)])

    def y(value: float) -> float:
        return top + _LANE * (1 - value / most)

    lines = "".join(_line(lane, result.minutes, fleet, axis, y) for fleet in ("blue", "green"))
    limit = ""
    if lane.threshold is not None:
        limit = (
            f'<line class="limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" '
            f'y1="{y(lane.threshold):.1f}" y2="{y(lane.threshold):.1f}"/>'
            f'<text class="limit-text" x="{WIDTH - _RIGHT}" y="{y(lane.threshold) - 4:.1f}" '
            f'text-anchor="end">alarm over {lane.text(lane.threshold)}</text>'
        )
    return f"{_title(lane.title, lane.text(most), top)}{_frame(top)}{limit}{lines}"


def _line(
    lane: Lane, minutes: Sequence[Minute], fleet: str, axis: Axis, y: Callable[[float], float]
) -> str:
    """One fleet's values: a line through consecutive minutes, a dot on each."""
    found = [minute for minute in minutes if minute.fleet == fleet]
    points = [(axis.x(minute.at + 30), y(lane.value(minute)), minute) for minute in found]
    strokes, previous = [], None
    for x, height, minute in points:
        connects = previous is not None and minute.at - previous <= 60  # noqa: PLR2004  # a minute
        strokes.append(f"{'L' if connects else 'M'}{x:.1f} {height:.1f}")
        previous = minute.at
    dots = "".join(
        f'<circle class="{fleet}" cx="{x:.1f}" cy="{height:.1f}" r="2.4"><title>'
        f"{fleet}, minute {minute.at / 60:.0f}: {lane.text(lane.value(minute))}, "
        f"{minute.requests} requests</title></circle>"
        for x, height, minute in points
    )
    return f'<path class="{fleet}-line" d="{" ".join(strokes)}"/>{dots}' if strokes else ""


def _alarms(
    result: DeploymentResult, alarms: Sequence[RollbackAlarm], axis: Axis, top: float
) -> str:
    return "".join(
        _alarm(result, alarm, axis, top + number * _ALARM_ROW)
        for number, alarm in enumerate(alarms)
    )


def _alarm(result: DeploymentResult, alarm: RollbackAlarm, axis: Axis, top: float) -> str:
    """One alarm's states as a bar."""
    changes = [
        (0.0, "INSUFFICIENT_DATA"),
        *(
            (change.at, str(change.state))
            for change in result.changes
            if change.alarm == alarm.name
        ),
    ]
    bars = []
    for (at, state), (until, _) in zip(changes, [*changes[1:], (result.ended, "")], strict=True):
        width = max(0.0, axis.x(until) - axis.x(at))
        bars.append(
            f'<rect class="state-{state}" x="{axis.x(at):.1f}" y="{top}" width="{width:.1f}" '
            f'height="12"><title>{escape(alarm.name)}: {state}</title></rect>'
        )
    return f'<text class="soft" x="0" y="{top + 10}">{escape(_short(alarm))}</text>{"".join(bars)}'


def _short(alarm: RollbackAlarm) -> str:
    """The key within a rollback alarm's name, or the metric where it has none."""
    _, found, rest = alarm.name.partition("-rollback-")
    key = rest.rpartition("-")[0] if found else alarm.metric
    return key if len(key) < 23 else f"{key[:21]}…"  # noqa: PLR2004  # the margin's width


def _marks(result: DeploymentResult, axis: Axis, bottom: float) -> Iterator[str]:
    """Events as vertical lines, their texts in two rows so that neighbours stay readable."""
    shown = [event for event in result.events if event.kind in _MARKED]
    free = [0.0, 0.0, 0.0]
    for event in shown:
        x, text = axis.x(event.at), _caption(event.kind, event.text)
        width = len(text) * _LABEL_PIXELS
        left = min(x + 4, WIDTH - width)
        row = next((r for r, end in enumerate(free) if left >= end), len(free) - 1)
        free[row] = left + width + 8
        y = 14 + 16 * row
        yield (
            f'<line class="mark {event.kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 4}" '
            f'y2="{bottom:.1f}"/>'
            f'<text class="caption {event.kind}" x="{left:.1f}" y="{y}">{escape(text)}</text>'
        )


def _caption(kind: str, text: str) -> str:
    if kind == "shift":
        return f"shift {text.split(' ', 1)[0]}"
    if kind == "alarm":
        name = text.removesuffix(" is in ALARM")
        return f"alarm {name.partition('-rollback-')[2].rpartition('-')[0] or name}"
    return {"rollback": "rolled back", "promotion": "promoted", "failure": "failed to start"}[kind]


def _ticks(axis: Axis, y: float) -> str:
    step = 300 if axis.end > 900 else 120  # noqa: PLR2004  # a quarter of an hour
    labels = (
        f'<text class="soft" x="{axis.x(at):.1f}" y="{y}" text-anchor="middle">{at // 60:.0f} min'
        "</text>"
        for at in range(0, int(axis.end) + 1, step)
    )
    return "".join(labels)


def _title(title: str, most: str, top: float) -> str:
    return (
        f'<text x="0" y="{top + 14}">{escape(title)}</text>'
        f'<text class="soft" x="{_LEFT - 6}" y="{top + 10}" text-anchor="end">{escape(most)}</text>'
        f'<text class="soft" x="{_LEFT - 6}" y="{top + _LANE}" text-anchor="end">0</text>'
    )


def _frame(top: float) -> str:
    return (
        f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{top + _LANE}" '
        f'y2="{top + _LANE}"/>'
    )
