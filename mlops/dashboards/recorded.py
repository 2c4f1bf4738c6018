"""What a rehearsal measured, by the names under which CloudWatch would have it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlops.dashboards.panel import Curve, Metric, Quotient, Search

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The points of one metric: where on the time axis, and what."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    points: Points
    statistic: str | None = None
    """None: one value in each period, which is the same under every statistic."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A curve that can be drawn."""

    label: str
    points: Points


def lines(curve: Curve, recorded: Sequence[Recorded]) -> Iterator[Line]:
    """What was recorded of a curve; nothing where nothing was."""
    if isinstance(curve, Search):
        yield from _found(curve, recorded)
    elif isinstance(curve, Metric):
        for one in _of(curve, recorded):
            if one.dimensions == curve.dimensions:
                yield Line(label=curve.label, points=one.points)
    else:
        yield from _quotient(curve, recorded)


def _found(search: Search, recorded: Sequence[Recorded]) -> Iterator[Line]:
    for one in _of(search, recorded):
        value = one.dimensions.get(search.by)
        if value is not None and one.dimensions == {**search.dimensions, search.by: value}:
            yield Line(label=value, points=one.points)


def _quotient(curve: Quotient, recorded: Sequence[Recorded]) -> Iterator[Line]:
    for above in lines(curve.dividend, recorded):
        for below in lines(curve.divisor, recorded):
            places = dict(below.points)
            points = [
                (x, y / places[x] if places.get(x) else curve.otherwise) for x, y in above.points
            ]
            yield Line(label=curve.label, points=_summed(points) if curve.running else (*points,))


def _summed(points: Sequence[tuple[float, float]]) -> Points:
    total, found = 0.0, []
    for x, y in points:
        total += y
        found.append((x, total))
    return tuple(found)


def _of(curve: Metric | Search, recorded: Sequence[Recorded]) -> Iterator[Recorded]:
    for one in recorded:
        if (one.namespace, one.name) == (curve.namespace, curve.name) and (
            one.statistic in (None, curve.statistic)
        ):
            yield one
