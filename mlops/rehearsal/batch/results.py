"""What a rehearsed batch found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops.rehearsal.local_aws.transform import ScoredFile
from mlops.rehearsal.pipeline.results import StepResult


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """What the stage's drift job made of the answers."""

    rows: int
    """That it could use."""
    verdict: str
    reasons: Sequence[str]
    page: str
    """Its own report, from the rehearsal's folder."""


@dataclass(frozen=True, kw_only=True)
class BatchRehearsal:
    """One run of a batch pipeline."""

    id: str
    model: str
    stage: str
    version: int
    source: str
    """Where the lines came from."""
    began: str
    steps: Sequence[StepResult]
    files: Sequence[ScoredFile]
    metrics: Mapping[str, float]
    """What the run published."""
    failures: Sequence[str]
    """Steps that failed, or that waited in vain."""
    monitored: Monitored | None
    """None: nothing was answered, or the contract has it not monitored."""
    seconds: float
    report: Path

    @property
    def failure(self) -> str | None:
        """Why the run failed; None where it ended well."""
        return "; ".join(self.failures) or None

    @property
    def rows(self) -> int:
        """Rows that have an output."""
        return sum(one.rows for one in self.files if not one.failure)

    @property
    def rows_per_second(self) -> float:
        """Over the files' own time: a job's machines start before it, and the server with them."""
        seconds = sum(one.seconds for one in self.files if not one.failure)
        return self.rows / seconds if seconds else 0.0
