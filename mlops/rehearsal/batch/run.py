"""A stage whose batch pipeline runs here, once, over whatever waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops.rehearsal.drift.account import DeployedVersion, Judged, WatchedStage
from mlops.rehearsal.local_aws.transform import ScoredFile
from mlops.rehearsal.pipeline.graph import failures, nodes_of, run_graph
from mlops.rehearsal.pipeline.results import StepResult


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What became of a run: its steps, its files, what it published."""

    steps: Sequence[StepResult]
    files: Sequence[ScoredFile]
    metrics: Mapping[str, float]
    failures: Sequence[str]
    """Steps that failed, or that waited in vain."""


@dataclass(frozen=True, kw_only=True)
class BatchStage(WatchedStage):
    """The stage's functions and services, with its batch pipeline beside its drift job."""

    def upload(self, name: str, content: bytes) -> None:
        """Put a file where batches are taken from."""
        bucket = self.names.artifact_bucket(self.stage)
        prefix = self.names.batch_prefix(self.spec.name)
        path = self.workspace.storage.path(f"s3://{bucket}/{prefix}/input/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def score(self, *, version: int) -> Scored:
        """Run the synthesized pipeline over the files that wait; its failure is in its steps."""
        self.change(metrics=[], now=datetime.now(UTC).timestamp())
        assembly = DeployedVersion(self.assembly, version=version)
        pipeline = assembly.pipeline(self.names.batch_pipeline(self.stage, self.spec.name))
        steps = self._steps("batch0000001", assembly, pipeline.place, pipeline.definition, {})
        nodes = nodes_of(pipeline.definition)
        results = run_graph(nodes, steps.execute, workers=1, stop=steps.processes.stop)
        points: Sequence[Mapping[str, Any]] = self.services.state["metrics"]
        return Scored(
            steps=tuple(results.values()),
            files=tuple(steps.scored),
            metrics={point["name"]: point["value"] for point in points},
            failures=failures(nodes, results),
        )

    def judge_today(self, *, version: int) -> Judged:
        """Let the drift job look at this day; no caller of an endpoint is in it.

        Raises:
            RehearsalError: a step failed.
        """
        now = datetime.fromtimestamp(self.services.state["now"], UTC)
        tomorrow = now.date() + timedelta(days=1)
        return self.judge(tomorrow, version=version, requests=0.0, at=now)
