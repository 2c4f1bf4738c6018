"""The dashboard of a replay: CloudWatch's panels over what the drift job published."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from mlops.dashboards import Board, Recorded, dashboard_page, model_sections
from mlops.dashboards.chart import Axis
from mlops.rehearsal.drift.results import DriftRehearsal, PeriodResult

_TICKS: Final = 6


def dashboard(rehearsal: DriftRehearsal) -> str:
    """The page: a point for each period."""
    board = Board(
        heading=f"{len(rehearsal.periods)} periods, fault: {rehearsal.fault}",
        sections=model_sections(rehearsal.served),
        recorded=tuple(recorded(rehearsal.periods)),
        axis=_axis(rehearsal.periods),
    )
    return dashboard_page(f"{rehearsal.model} in {rehearsal.stage}: dashboard", [board])


def recorded(periods: Sequence[PeriodResult]) -> Iterator[Recorded]:
    """Each published metric over the periods; where none was published there is no point."""
    series: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[tuple[float, float]]]
    series = defaultdict(list)
    for at, period in enumerate(periods):
        for point in period.points:
            identity = (
                point["namespace"],
                point["name"],
                tuple(sorted(point["dimensions"].items())),
            )
            series[identity].append((float(at), float(point["value"])))
    for (namespace, name, dimensions), points in series.items():
        yield Recorded(
            namespace=namespace, name=name, dimensions=dict(dimensions), points=tuple(points)
        )


def _axis(periods: Sequence[PeriodResult]) -> Axis:
    every = max(1, len(periods) // _TICKS)
    ticks = [(float(at), one.name) for at, one in enumerate(periods) if at % every == 0]
    return Axis(end=float(max(1, len(periods) - 1)), ticks=ticks)
