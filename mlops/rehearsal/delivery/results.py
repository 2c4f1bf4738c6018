"""What a rehearsed delivery came to, as data for the table, the page and the JSON record."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops.rehearsal.canary.results import DeploymentResult


@dataclass(frozen=True, kw_only=True)
class StageRun:
    """What one run of the pipeline did in one stage."""

    stage: str
    version: int
    before: int
    """Version that the endpoint ran before."""
    deployment: DeploymentResult | None
    """None where the stage's serving stack did not change."""
    passed: bool
    """Whether the release check let the run go on."""
    reason: str
    """The release check's own words; empty where nothing was deployed."""
    outcome: str = ""
    """The release record's outcome and cause."""
    told: tuple[str, ...] = ()
    """Subjects of what people were sent."""
    page: str | None = None
    """The deployment's own page, relative to this rehearsal's."""


@dataclass(frozen=True, kw_only=True)
class PipelineRun:
    """One commit on its way through the stages, to the last or to the one that stopped it."""

    commit: str
    subject: str
    stages: tuple[StageRun, ...]

    @property
    def stopped_at(self) -> str | None:
        """The stage whose check failed the run."""
        return next((run.stage for run in self.stages if not run.passed), None)


@dataclass(frozen=True, kw_only=True)
class Waking:
    """The release automation, woken once."""

    cause: str
    """What woke it, in words."""
    rules: tuple[str, ...]
    """The synthesized rules that the event went through; none for the sweep."""
    said: str
    """What the program printed."""
    commit: str | None
    """What it pushed; None where there was nothing to do."""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One part of the story: what happened, in order."""

    title: str
    story: str
    acts: tuple[Waking | PipelineRun, ...]


@dataclass(frozen=True, kw_only=True)
class DeliveryRehearsal:
    """The whole rehearsal."""

    id: str
    model: str
    began: str
    fault: str
    base: int
    """The version that every stage ran at the beginning."""
    good: int
    bad: int
    chapters: tuple[Chapter, ...]
    pins: Mapping[str, int | None]
    live: Mapping[str, int]
    statuses: Mapping[int, str]
    reasons: Mapping[int, str]
    """What the registry says about why, by version."""
    log: tuple[str, ...]
    """The branch's commits that the rehearsal made, oldest first."""
    objections: tuple[str, ...]
    seconds: float
    report: Path

    @property
    def as_expected(self) -> bool:
        """Whether everything ended as it must."""
        return not self.objections
