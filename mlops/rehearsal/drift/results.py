"""What a replay found, period by period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.dashboards import Served

Point = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Training:
    """An automatic training and what became of its version."""

    trigger: str
    evidence: str
    execution: str
    version: int | None
    """None where the gates, or a step before them, stopped it."""
    failure: str | None
    canary: str | None
    """How the release ended; None where there was none."""

    @property
    def released(self) -> bool:
        """Whether the version serves now."""
        return self.canary == "promoted"


@dataclass(frozen=True, kw_only=True)
class PeriodResult:
    """One period: who answered, how well, what was noticed, what followed."""

    name: str
    requests: int
    version: int
    error: float
    frozen_error: float
    """Of the first version, which nobody retrained."""
    verdict: str
    reasons: Sequence[str]
    red: Sequence[str]
    """Alarms, by the last part of their names."""
    answers: Sequence[str]
    """What the functions behind the events answered."""
    trainings: Sequence[Training]
    page: str
    """The drift job's own report, from the rehearsal's folder."""
    points: Sequence[Point] = ()
    """What the drift job published."""


@dataclass(frozen=True, kw_only=True)
class DriftRehearsal:
    """The whole replay."""

    id: str
    model: str
    stage: str
    fault: str
    story: str
    began: str
    unit: str
    """Of the error."""
    served: Served
    periods: Sequence[PeriodResult]
    objections: Sequence[str]
    """What is not as the committed expectations say."""
    seconds: float
    report: Path

    @property
    def as_expected(self) -> bool:
        """Whether the rehearsal went as the committed file says."""
        return not self.objections

    @property
    def error(self) -> float:
        """Mean error over all requests with retraining."""
        return _mean([(one.requests, one.error) for one in self.periods])

    @property
    def frozen_error(self) -> float:
        """Mean error over all requests of the version that was never retrained."""
        return _mean([(one.requests, one.frozen_error) for one in self.periods])

    @property
    def trainings(self) -> Sequence[Training]:
        """Every automatic training."""
        return [training for one in self.periods for training in one.trainings]


def _mean(pairs: Sequence[tuple[int, float]]) -> float:
    return sum(count * error for count, error in pairs) / sum(count for count, _ in pairs)
