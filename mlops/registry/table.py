"""How versions and their lineage look in a terminal."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mlops.registry.lineage import Lineage, Metric
from mlops.registry.versions import ModelVersion

_COLOURS: Final = {"Approved": "green", "Rejected": "red", "PendingManualApproval": "yellow"}


def versions_table(versions: Sequence[ModelVersion]) -> RenderableType:
    """The versions of a group, one per line."""
    if not versions:
        return Text("no version is registered yet", style="dim")
    table = Table(title=versions[0].group, title_justify="left", box=None, pad_edge=False)
    for heading in ("version", "status", "registered", "arn"):
        table.add_column(heading, overflow="fold")
    for version in versions:
        table.add_row(
            str(version.number), status_text(version.status), _moment(version), version.arn
        )
    return table


def lineage_table(lineage: Lineage) -> RenderableType:
    """Everything about one version."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, value in _lines(lineage):
        table.add_row(label, value)
    return Group(table, metrics_table(lineage.metrics)) if lineage.metrics else table


def metrics_table(metrics: Sequence[Metric]) -> Table:
    """Metrics with their intervals."""
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("interval", justify="right")
    for metric in metrics:
        table.add_row(metric.name, f"{metric.value:.4g}", interval(metric))
    return table


def interval(metric: Metric) -> str:
    """The bootstrap interval as text; empty where there is none."""
    if metric.low is None or metric.high is None:
        return ""
    return f"{metric.low:.4g} to {metric.high:.4g}"


def status_text(status: str) -> Text:
    """An approval status in its colour."""
    return Text(status, style=_COLOURS.get(status, ""))


def _moment(version: ModelVersion) -> str:
    return f"{version.created:%Y-%m-%d %H:%M:%S %Z}".strip()


def _lines(lineage: Lineage) -> Iterator[tuple[str, RenderableType]]:
    yield "version", Text(f"{lineage.version.group} {lineage.version.number}", style="bold")
    yield "status", status_text(lineage.version.status)
    if lineage.reason:
        when = f" ({lineage.decided:%Y-%m-%d %H:%M})" if lineage.decided else ""
        yield "reason", Text(f"{lineage.reason}{when}")
        yield "decided by", Text(lineage.decided_by)
    yield "registered", Text(_moment(lineage.version))
    for key in ("commit", "source_hash", "data_version", "data_uri", "execution"):
        yield key.replace("_", " "), Text(getattr(lineage, key))
    yield "model", Text(lineage.model_data_url)
    yield "image", Text(lineage.image)
    for name, value in lineage.hyperparameters.items():
        yield f"hyper-parameter {name}", Text(value)
    yield "model card", Text(lineage.card)
    yield "life cycle", Text(lineage.stage)
    yield "metrics", Text(lineage.metrics_uri)
    for key, value in sorted(lineage.metadata.items()):
        yield key.replace("_", " "), Text(value)
    yield "arn", Text(lineage.version.arn)
