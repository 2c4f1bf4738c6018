"""What a rehearsal found out, for whoever prints, stores or judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mlops.registry import Metric, ModelVersion
from mlops.rehearsal.local_aws.replay import Replay

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
