"""Panels of what batch runs publish."""

from collections.abc import Iterator
from typing import Final

from mlops import metrics
from mlops.dashboards.panel import Metric, Panel
from mlops.dashboards.served import Served

_DAY: Final = 86_400


def batches(served: Served) -> Iterator[Panel]:
    """Files in, rows out; rows are counted where a drift job reads them."""
    yield Panel(
        title="Batch runs and their files by day",
        unit="count",
        period_seconds=_DAY,
        curves=(
            _sum(served, metrics.BATCH_RUNS, "runs"),
            _sum(served, metrics.BATCH_FILES, "files"),
            _sum(served, metrics.BATCH_EMPTY_FILES, "files without a row"),
        ),
    )
    if served.watched:
        yield Panel(
            title="Rows scored in batches by day",
            unit="rows",
            period_seconds=_DAY,
            curves=(_sum(served, metrics.BATCH_ROWS, "rows"),),
        )


def _sum(served: Served, metric: metrics.OwnMetric, label: str) -> Metric:
    return Metric(
        namespace=metric.namespace,
        name=metric.name,
        statistic="Sum",
        dimensions={metric.owner: served.batch_pipeline},
        label=label,
    )
