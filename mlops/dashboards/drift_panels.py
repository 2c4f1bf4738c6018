"""Panels of what the drift job publishes: drift, quality, groups."""

from collections.abc import Iterator
from typing import Final

from mlops import metrics
from mlops.contract import MetricLimit
from mlops.dashboards.panel import Mark, Metric, Panel, Search
from mlops.dashboards.served import Served

_DAY: Final = 86_400


def fields(served: Served) -> Panel:
    """How far each field is from what the model was trained on."""
    tolerated = served.model.monitoring.psi
    return Panel(
        title="Population stability index by field",
        unit="index",
        period_seconds=_DAY,
        curves=(_search(served, metrics.STABILITY),),
        marks=(Mark(label="matters from here on", value=tolerated),),
    )


def checks(served: Served) -> Panel:
    """Which of the window's checks need somebody."""
    return Panel(
        title="Checks that alarm",
        unit="1 if so",
        period_seconds=_DAY,
        curves=(_search(served, metrics.CHECK),),
        marks=(Mark(label="alarm", value=1.0),),
    )


def captured(served: Served) -> Panel:
    """What the job had to look at, and what it could not read."""
    return Panel(
        title="Captured by window",
        unit="count",
        period_seconds=_DAY,
        curves=(
            _metric(served, metrics.REQUESTS, "requests"),
            _metric(served, metrics.ROWS, "rows"),
            _metric(served, metrics.LOST_LINES, "lines that cannot be read"),
            _metric(served, metrics.RUNS, "runs of the job", "Sum"),
        ),
    )


def limited(served: Served) -> Iterator[Panel]:
    """A panel for each metric that the contract limits: no two have one scale."""
    limits = served.model.monitoring.limits
    for name in dict.fromkeys(limit.metric for limit in limits):
        yield Panel(
            title=f"{name} of the labelled rows",
            unit=name,
            period_seconds=_DAY,
            curves=(_metric(served, metrics.PERFORMANCE, name, Metric=name),),
            marks=tuple(_mark(limit) for limit in limits if limit.metric == name),
        )


def measured(served: Served) -> Panel:
    """Every metric of the labelled rows."""
    return Panel(
        title="All metrics of the labelled rows",
        unit="each its own",
        period_seconds=_DAY,
        curves=(_search(served, metrics.PERFORMANCE),),
    )


def labelled(served: Served) -> Panel:
    """How many of the answers have a label."""
    return Panel(
        title="Share of the answers with a label",
        unit="share",
        period_seconds=_DAY,
        curves=(_metric(served, metrics.LABELLED_SHARE, "labelled"),),
    )


def gaps(served: Served) -> Panel:
    """How far groups of people are apart."""
    return Panel(
        title="Widest gap between a group and everyone else",
        unit="share",
        period_seconds=_DAY,
        curves=(_search(served, metrics.WIDEST_GAP),),
    )


def widened_gaps(served: Served) -> Panel:
    """How much further apart they are than in the held-out rows of the version."""
    return Panel(
        title="Most that a gap is wider than at release",
        unit="share",
        period_seconds=_DAY,
        curves=(_search(served, metrics.WIDENED_GAP),),
        marks=(Mark(label="tolerated", value=served.model.monitoring.gap_tolerance),),
    )


def _mark(limit: MetricLimit) -> Mark:
    return Mark(label=limit.comparison.replace("_", " "), value=limit.threshold)


def _metric(
    served: Served,
    metric: metrics.OwnMetric,
    label: str,
    statistic: str = "Maximum",
    **dimensions: str,
) -> Metric:
    return Metric(
        namespace=metric.namespace,
        name=metric.name,
        statistic=statistic,
        dimensions=served.named | dimensions,
        label=label,
    )


def _search(served: Served, metric: metrics.OwnMetric) -> Search:
    return Search(
        namespace=metric.namespace,
        name=metric.name,
        statistic="Maximum",
        dimensions=served.named,
        by=str(metric.by),
    )
