"""What a week of an endpoint came to, asked of CloudWatch in as few calls as it takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mlops import metrics
from mlops.metrics import OwnMetric

CHECKS: Final = (
    "reading", "traffic", "contract", "inputs", "predictions", "labels", "performance", "bias",
)  # fmt: skip
"""Every check that the drift job publishes."""
INVOCATIONS: Final = "AWS/SageMaker"
_BATCHES: Final = (
    metrics.BATCH_RUNS, metrics.BATCH_FILES, metrics.BATCH_EMPTY_FILES, metrics.BATCH_ROWS,
)  # fmt: skip
_DAY: Final = 86_400
_HOUR: Final = 3600
_BATCH: Final = 500
"""GetMetricData takes no more queries at once."""
Series = Mapping[datetime, float]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One metric of the endpoint, or of the batch pipeline, under one statistic."""

    namespace: str
    name: str
    statistic: str
    period: int = _DAY
    further: tuple[tuple[str, str], ...] = ()
    """Dimensions beside the owner's name."""


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Whose metrics are asked for."""

    endpoint: str
    batch_pipeline: str | None = None

    def of(self, question: Question) -> dict[str, str]:
        """The dimension that names the owner of a metric."""
        if question.namespace == metrics.BATCH and self.batch_pipeline is not None:
            return {metrics.PIPELINE: self.batch_pipeline}
        return {metrics.ENDPOINT: self.endpoint}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The answers; a metric that nobody published has no point."""

    series: Mapping[Question, Series]

    def daily(self, name: str, statistic: str = "Sum") -> Series:
        """A metric of the endpoint's requests by day."""
        return self.series.get(_of_requests(name, statistic), {})

    def hourly(self, name: str) -> Series:
        """The sum of a metric of the endpoint's requests by hour."""
        return self.series.get(_of_requests(name, "Sum", _HOUR), {})

    def published(
        self, metric: OwnMetric, value: str | None = None, statistic: str = "Maximum"
    ) -> Series:
        """A metric of the drift job by day; of one value of its own dimension, if it has one."""
        return self.series.get(_of_job(metric, statistic, value), {})

    def batches(self, metric: OwnMetric) -> float | None:
        """The sum of a metric of the batch runs; None if none was published."""
        series = self.series.get(_of_batches(metric), {})
        return sum(series.values()) if series else None


def questions(
    fields: Sequence[str], measures: Sequence[str], *, batches: bool = False
) -> Iterator[Question]:
    """Everything that the report tells."""
    for name in ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors"):
        yield _of_requests(name, "Sum")
    for statistic in ("p50", "p99"):
        yield _of_requests("ModelLatency", statistic)
    for name in ("Invocations", "InvocationsPerInstance"):
        yield _of_requests(name, "Sum", _HOUR)
    yield _of_job(metrics.RUNS, "Sum")
    yield _of_job(metrics.LABELLED_SHARE, "Maximum")
    for check in CHECKS:
        yield _of_job(metrics.CHECK, "Maximum", check)
    for field in fields:
        yield _of_job(metrics.STABILITY, "Maximum", field)
    for metric in measures:
        yield _of_job(metrics.PERFORMANCE, "Maximum", metric)
    if batches:
        for counted in _BATCHES:
            yield _of_batches(counted)


class FiguresError(RuntimeError):
    """CloudWatch could not answer."""


def figures(
    cloudwatch: Any, owners: Owners, asked: Sequence[Question], *, start: datetime, end: datetime
) -> Figures:
    """Ask them all.

    Raises:
        FiguresError: a metric could not be read; half a report would look like good news.
    """
    found: dict[Question, dict[datetime, float]] = {question: {} for question in asked}
    for begin in range(0, len(asked), _BATCH):
        batch = asked[begin : begin + _BATCH]
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_query(n, one, owners) for n, one in enumerate(batch)],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        )
        for result in (result for page in pages for result in page["MetricDataResults"]):
            question = batch[int(result["Id"].removeprefix("q"))]
            found[question].update(_points(question, result))
    return Figures(series=found)


def _points(question: Question, result: Mapping[str, Any]) -> Iterator[tuple[datetime, float]]:
    if result["StatusCode"] not in ("Complete", "PartialData"):
        raise FiguresError(f"{question.namespace} {question.name}: {result['StatusCode']}")
    return zip(result["Timestamps"], result["Values"], strict=True)


def _query(number: int, question: Question, owners: Owners) -> dict[str, object]:
    named = {**owners.of(question), **dict(question.further)}
    metric = {
        "Namespace": question.namespace,
        "MetricName": question.name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in named.items()],
    }
    stat = {"Metric": metric, "Period": question.period, "Stat": question.statistic}
    return {"Id": f"q{number}", "MetricStat": stat}


def _of_requests(name: str, statistic: str, period: int = _DAY) -> Question:
    return Question(
        namespace=INVOCATIONS,
        name=name,
        statistic=statistic,
        period=period,
        further=(("VariantName", "AllTraffic"),),
    )


def _of_job(metric: OwnMetric, statistic: str, value: str | None = None) -> Question:
    return Question(
        namespace=metric.namespace,
        name=metric.name,
        statistic=statistic,
        further=() if value is None else ((str(metric.by), value),),
    )


def _of_batches(metric: OwnMetric) -> Question:
    return Question(namespace=metric.namespace, name=metric.name, statistic="Sum")
