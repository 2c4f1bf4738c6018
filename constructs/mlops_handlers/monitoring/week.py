"""A week of an endpoint as its owners judge it: figures beside what the contract promises."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mlops import metrics
from mlops_handlers.monitoring.weekly_figures import CHECKS, Figures, Series

_MICROSECONDS: Final = 1000
DAYS: Final = 7
_HOURS: Final = 24 * DAYS


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Whose week it is, and what was promised."""

    model: str
    stage: str
    endpoint: str
    owner: str
    requests_per_minute: float
    latency_p99_ms: float
    error_ratio: float
    instance_type: str
    min_instances: int
    fields: tuple[str, ...]
    metrics: tuple[str, ...]
    limits: tuple[Mapping[str, Any], ...]
    dashboard: str
    watched: bool
    """Whether a drift job looks at the model."""
    batch_pipeline: str | None = None
    """None: the model scores no batches."""


@dataclass(frozen=True, kw_only=True)
class ReleasedVersion:
    """A deployment of the week."""

    at: datetime
    version: int | None


@dataclass(frozen=True, kw_only=True)
class Week:
    """Seven days, UTC, and everything that is said about them."""

    terms: Terms
    start: datetime
    figures: Figures
    releases: Sequence[ReleasedVersion]

    @property
    def end(self) -> datetime:
        """The first moment that is not in it."""
        return self.start + timedelta(days=DAYS)

    @property
    def requests(self) -> float:
        """Everything that callers, probes included, asked."""
        return sum(self.figures.daily("Invocations").values())

    def error_share(self, kind: str) -> float:
        """Share of the requests that ended in `4XX` or `5XX`; 0 without requests."""
        errors = sum(self.figures.daily(f"Invocation{kind}Errors").values())
        return errors / self.requests if self.requests else 0.0

    @property
    def usual_p50_ms(self) -> float | None:
        """Median of the days' medians: days cannot be put together exactly."""
        days = list(self.figures.daily("ModelLatency", "p50").values())
        return statistics.median(days) / _MICROSECONDS if days else None

    @property
    def p99_ms(self) -> Series:
        """The 99th percentile of each day with requests."""
        days = self.figures.daily("ModelLatency", "p99")
        return {day: value / _MICROSECONDS for day, value in days.items()}

    @property
    def slow_days(self) -> list[datetime]:
        """Days whose p99 missed the objective."""
        objective = self.terms.latency_p99_ms
        return [day for day, value in self.p99_ms.items() if value > objective]

    @property
    def runs(self) -> int:
        """How often the drift job came to an end."""
        return round(sum(self.figures.published(metrics.RUNS, statistic="Sum").values()))

    @property
    def alarming(self) -> dict[str, int]:
        """Checks that alarmed, and on how many days."""
        days = {
            check: sum(value > 0 for value in self.figures.published(metrics.CHECK, check).values())
            for check in CHECKS
        }
        return {check: count for check, count in days.items() if count}

    @property
    def indices(self) -> list[tuple[str, float]]:
        """The fields that moved most on their worst day, the largest index first."""
        found = [
            (max(series.values()), field)
            for field in self.terms.fields
            if (series := self.figures.published(metrics.STABILITY, field))
        ]
        return [(field, index) for index, field in sorted(found, reverse=True)]

    @property
    def quality(self) -> dict[str, float]:
        """Each metric of the labelled rows as the last window had it."""
        found = {m: self.figures.published(metrics.PERFORMANCE, m) for m in self.terms.metrics}
        return {metric: series[max(series)] for metric, series in found.items() if series}

    @property
    def labelled_share(self) -> float | None:
        """Share of the answers with a label in the last window that had some."""
        series = self.figures.published(metrics.LABELLED_SHARE)
        return series[max(series)] if series else None

    def missed(self, metric: str) -> list[str]:
        """Limits of a metric that its last value is beyond, in words."""
        value = self.quality.get(metric)
        return [
            _limit(one)
            for one in self.terms.limits
            if one["metric"] == metric and value is not None and not _keeps(value, one)
        ]

    def limits(self, metric: str) -> list[str]:
        """All limits of a metric, in words."""
        return [_limit(one) for one in self.terms.limits if one["metric"] == metric]

    @property
    def instance_hours(self) -> float:
        """Of the fleet; an hour without a request counts the smallest one."""
        requests = self.figures.hourly("Invocations")
        each = self.figures.hourly("InvocationsPerInstance")
        known = [requests[hour] / each[hour] for hour in requests if each.get(hour)]
        return sum(known) + self.terms.min_instances * max(0, _HOURS - len(known))


def _keeps(value: float, limit: Mapping[str, Any]) -> bool:
    threshold = float(limit["threshold"])
    return value >= threshold if limit["comparison"] == "at_least" else value <= threshold


def _limit(limit: Mapping[str, Any]) -> str:
    return f"{limit['comparison'].replace('_', ' ')} {limit['threshold']:g}"
