"""What a rehearsal found out, for whoever prints, stores or judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mlops.registry import Metric, ModelVersion

StepStatus = Literal["Succeeded", "Failed", "Stopped", "NotExecuted"]
ExecutionStatus = Literal["Succeeded", "Failed", "Stopped"]


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """How one step ended."""

    name: str
    kind: str
    status: StepStatus
    started: float = 0.0
    """Seconds since the execution began."""
    seconds: float = 0.0
    reused_from: str | None = None
    """The execution whose outputs the cache returned."""
    failure: str | None = None
    exit_code: int | None = None
    log: Path | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    retry_policies: tuple[Mapping[str, Any], ...] = ()
    """Recorded only: the faults that they are for do not occur on one machine."""

    @property
    def succeeded(self) -> bool:
        """Whether steps that depend on this one may run."""
        return self.status == "Succeeded"


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """One condition of a Condition step, with both sides as they were compared."""

    name: str
    comparison: str
    value: Any
    limit: Any
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A request that was replayed over HTTP, and how its answer compares."""

    name: str
    request: Any
    expected: Any
    answer: Any
    milliseconds: float
    differences: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the answer is the expected one within its tolerance."""
        return not self.differences


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the served archive answered."""

    start_seconds: float
    recorded: tuple[Answer, ...]
    """Against the version's own answers, recorded when it was evaluated."""
    promised: tuple[Answer, ...]
    """Against the contract's examples, within the contract's tolerance."""
    failure: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the archive was served and every answer matched."""
        answers = (*self.recorded, *self.promised)
        return self.failure is None and all(answer.matches for answer in answers)

    @property
    def problems(self) -> list[str]:
        """Everything that did not match."""
        found = [] if self.failure is None else [self.failure]
        for answer in (*self.recorded, *self.promised):
            found += [f"{answer.name}: {difference}" for difference in answer.differences]
        return found


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One rehearsal of a model's pipeline."""

    id: str
    model: str
    pipeline: str
    status: ExecutionStatus
    failure: str | None
    began: str
    seconds: float
    parameters: Mapping[str, Any]
    steps: tuple[StepResult, ...]
    gates: tuple[GateResult, ...]
    metrics: tuple[Metric, ...]
    evaluation: Mapping[str, Any]
    version: ModelVersion | None
    replay: Replay | None
    report: Path
    """Folder with index.html and execution.json."""

    @property
    def succeeded(self) -> bool:
        """Whether the pipeline ended well and the registered version answers as recorded."""
        return self.status == "Succeeded"

    @property
    def reused(self) -> tuple[str, ...]:
        """Names of the steps whose outputs came from the cache."""
        return tuple(step.name for step in self.steps if step.reused_from)
