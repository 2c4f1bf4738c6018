"""What CloudWatch makes of single measurements: one data point per period.

The rehearsal measures requests, an alarm judges data points; the step between them is here. It is
kept apart from the alarm because a statistic decides how few bad requests can turn a point red.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_PERCENTILE: Final = re.compile(r"p(100|\d{1,2}(?:\.\d{1,10})?)")
_FEW: Final = 10
"""A percentile needs this many samples beyond it to mean something (CloudWatch User Guide)."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One measurement: when, in seconds, and what."""

    at: float
    value: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """A period's data point and the number of measurements behind it."""

    value: float
    samples: int = 1


def aggregate(statistic: str, values: Sequence[float]) -> float:
    """A statistic of at least one value, by CloudWatch's name for it.

    Percentiles are by nearest rank: the smallest value that at least that share does not exceed.

    Raises:
        ValueError: CloudWatch has no such statistic, or there is no value.
    """
    if not values:
        raise ValueError(f"{statistic} of no values; a period without samples has no data point")
    share = percentile(statistic)
    if share is not None:
        return sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    if statistic not in _STATISTICS:
        allowed = ", ".join(_STATISTICS)
        raise ValueError(f"unknown statistic {statistic!r}; use {allowed}, or p0 to p100")
    return _STATISTICS[statistic](values)


def percentile(statistic: str) -> Fraction | None:
    """The share behind `p99` or `p99.9`, 0 to 1, exactly; None for the other statistics."""
    match = _PERCENTILE.fullmatch(statistic)
    return Fraction(match[1]) / 100 if match else None


def minimum_samples(statistic: str) -> int:
    """Samples below which CloudWatch calls a percentile statistically poor; 0 where it never does.

    Documented for percentiles strictly between 0 and 100: ten samples on the thin side.
    """
    share = percentile(statistic)
    if share is None or share in (0, 1):
        return 0
    return math.ceil(_FEW / min(share, 1 - share))


def timeline(
    samples: Iterable[Sample], *, statistic: str, period_seconds: int, start: float, end: float
) -> list[Point | None]:
    """One data point per period that touches the time from `start` to before `end`, oldest first.

    Periods begin at multiples of their length, as CloudWatch's do, so the first and the last may be
    cut. A period without samples has no point.
    """
    first = math.floor(start / period_seconds)
    periods: list[list[float]] = [
        [] for _ in range(max(0, math.ceil(end / period_seconds) - first))
    ]
    for sample in samples:
        if start <= sample.at < end:
            periods[math.floor(sample.at / period_seconds) - first].append(sample.value)
    return [
        Point(value=aggregate(statistic, values), samples=len(values)) if values else None
        for values in periods
    ]


def _average(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _count(values: Sequence[float]) -> float:
    return float(len(values))


_STATISTICS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "Average": _average,
    "Sum": math.fsum,
    "SampleCount": _count,
    "Minimum": min,
    "Maximum": max,
}
