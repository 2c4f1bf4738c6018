"""Panels of what batch runs publish."""

from collections.abc import Iterator
from typing import Final

from mlops.dashboards.panel import Metric, Panel
from mlops.dashboards.served import Served

BATCHES: Final = "Mlops/Batch"
_DAY: Final = 86_400


def batches(served: Served) -> Iterator[Panel]:
    """Files in, rows out; rows are counted where a drift job reads them."""
    yield Panel(
        title="Batch runs and their files by day",
        unit="count",
        period_seconds=_DAY,
        curves=(
            _sum(served, "Runs", "runs"),
            _sum(served, "Files", "files"),
            _sum(served, "EmptyFiles", "files without a row"),
        ),
    )
    if served.watched:
        yield Panel(
            title="Rows scored in batches by day",
            unit="rows",
            period_seconds=_DAY,
            curves=(_sum(served, "Rows", "rows"),),
        )


def _sum(served: Served, name: str, label: str) -> Metric:
    return Metric(
        namespace=BATCHES,
        name=name,
        statistic="Sum",
        dimensions={"PipelineName": served.batch_pipeline},
        label=label,
    )
