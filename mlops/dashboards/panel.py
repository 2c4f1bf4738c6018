"""A dashboard's parts, in CloudWatch's words and without CloudWatch.

A construct turns them into widgets, a rehearsal into a page: a panel that is added once is in both.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric under one statistic."""

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str]
    label: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """Every metric of this name that has these dimensions and one more, a curve for each.

    CloudWatch finds what reported within the last two weeks.
    """

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str]
    by: str
    """The further dimension; its value is the curve's name."""


@dataclass(frozen=True, kw_only=True)
class Quotient:
    """One metric over another, point by point."""

    label: str
    dividend: Metric
    divisor: Metric
    otherwise: float
    """Where either has no point."""
    running: bool = False
    """Whether the curve is the sum of everything to its left."""


Curve = Metric | Search | Quotient


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A horizontal line: an objective, or the threshold of an alarm."""

    label: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Curves of one unit over time."""

    title: str
    unit: str
    period_seconds: int
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...] = ()
    stacked: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """Panels side by side, and what one has to know to read them."""

    title: str
    text: str
    panels: tuple[Panel, ...]


def metrics_of(sections: Iterable[Section]) -> Iterator[Metric | Search]:
    """Everything that is asked of CloudWatch, quotients taken apart."""
    for section in sections:
        for panel in section.panels:
            for curve in panel.curves:
                if isinstance(curve, Quotient):
                    yield from (curve.dividend, curve.divisor)
                else:
                    yield curve
