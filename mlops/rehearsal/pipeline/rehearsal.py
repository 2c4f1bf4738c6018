"""Rehearses a model's pipeline from its synthesized definition to a served, registered version."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from mlops.contract import ModelSpec, load_platform, read_examples
from mlops.pipeline.expressions import all_steps, texts
from mlops.registry import (
    Metric,
    ModelVersion,
    RegistryError,
    approve,
    local_client,
    metrics_of,
    recorded_archive,
)
from mlops.registry.versions import version_of
from mlops.rehearsal.interrupts import terminable
from mlops.rehearsal.local_aws.assembly import Assembly, SynthesizedPipeline
from mlops.rehearsal.local_aws.environment import ModelEnvironment
from mlops.rehearsal.local_aws.processes import guarded
from mlops.rehearsal.local_aws.replay import Replay
from mlops.rehearsal.local_aws.serving_check import ServingCheck
from mlops.rehearsal.pipeline import report
from mlops.rehearsal.pipeline.cache import StepCache
from mlops.rehearsal.pipeline.commit import with_commit
from mlops.rehearsal.pipeline.expressions import ExpressionError, Scope
from mlops.rehearsal.pipeline.graph import Node, failures, leading_to, nodes_of, run_graph
from mlops.rehearsal.pipeline.live import Progress, shown
from mlops.rehearsal.pipeline.parameters import resolved
from mlops.rehearsal.pipeline.results import Execution, StepResult
from mlops.rehearsal.pipeline.started import BY_HAND, StartedExecution
from mlops.rehearsal.pipeline.steps import Steps
from mlops.rehearsal.workspace import Workspace, execution_id


def rehearse_pipeline(
    root: Path,
    model: str,
    *,
    assembly: Path,
    parameters: Mapping[str, str],
    use_cache: bool,
    approve: bool,
    console: Console,
    python: Path | None = None,
) -> Execution:
    """Execute a model's synthesized pipeline on this machine.

    The scripts run in the environment of the model's lock, or with `python` where one is given.
    A failing step or gate ends in an Execution that did not succeed, not in an exception.

    Raises:
        ContractError: the configuration is wrong.
        RehearsalError: there is nothing to rehearse, or it cannot begin.
        KeyboardInterrupt: it was stopped; no process is left.
    """
    platform = load_platform(root, model=model)
    spec = platform.model(model)
    synthesized = Assembly(assembly)
    pipeline = with_commit(synthesized.pipeline(platform.names.pipeline(model)), root)
    rehearsal = Rehearsal(
        root=root,
        spec=spec,
        workspace=Workspace.of(root),
        assembly=synthesized,
        pipeline=pipeline,
        parameters=resolved(pipeline.definition, parameters),
        data_is_ours="DataUri" not in parameters,
        use_cache=use_cache,
        approves=approve,
        python=python,
    )
    with terminable():
        with shown(console) as progress:
            execution = rehearsal.run(progress)
        report.write(execution)
    report.print_summary(execution, console)
    return execution


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """One execution of a pipeline that was found and whose parameters are known."""

    root: Path
    spec: ModelSpec
    workspace: Workspace
    assembly: Assembly
    pipeline: SynthesizedPipeline
    parameters: Mapping[str, Any]
    data_is_ours: bool
    use_cache: bool
    approves: bool
    python: Path | None
    until: str | None = None
    """The step to end with; None: every step runs."""
    started: StartedExecution = BY_HAND
    id: str = field(default_factory=execution_id)

    def run(self, progress: Progress) -> Execution:
        """Run every step, serve what was registered, approve it if that was asked for."""
        began, clock = datetime.now(UTC), time.monotonic()
        nodes = nodes_of(self.pipeline.definition)
        nodes = nodes if self.until is None else leading_to(nodes, self.until)
        python = self._interpreter(progress)
        self._upload()
        steps = self._steps(python, nodes, progress)
        self._ensure_group(steps)
        try:
            results = run_graph(
                nodes, steps.execute, workers=os.cpu_count() or 1, stop=steps.processes.stop
            )
            execution = self._execution(steps, results, nodes, began)
            execution = self._with_served_version(execution, steps, python, progress)
        finally:
            steps.processes.stop()
            self._clear(nodes)
        return replace(execution, seconds=time.monotonic() - clock)

    def _interpreter(self, progress: Progress) -> Path:
        if self.python is not None:
            return self.python
        environment = ModelEnvironment(
            lock=self._model_folder / "requirements.lock", home=self.workspace.environments
        )
        return environment.ensure(progress.note)

    @property
    def _model_folder(self) -> Path:
        return self.root / "model_code" / self.spec.folder

    def _upload(self) -> None:
        """Put in place what a deployment and `mlops data publish` would have put there."""
        storage = self.workspace.storage
        for value in {*self.parameters.values(), *texts(self.pipeline.definition)}:
            if value in self.assembly.assets:
                storage.put(self.assembly.assets[value].source, value)
        uri = self.parameters.get("DataUri")
        if uri and self.data_is_ours:
            sample = self._model_folder / self.spec.data.sample
            storage.put(sample, f"{uri}{sample.name}" if uri.endswith("/") else uri)

    def _steps(self, python: Path, nodes: Mapping[str, Node], progress: Progress) -> Steps:
        place = self.pipeline.place
        return Steps(
            execution=self.id,
            folder=self.workspace.execution(self.id),
            place=place,
            python=python,
            scope=self._scope(nodes),
            assembly=self.assembly,
            registry=self.workspace.registry,
            client=local_client(
                self.workspace.registry, account=place.account, region=place.region
            ),
            cache=StepCache(
                folder=self.workspace.cache(self.pipeline.name),
                storage=self.workspace.storage,
                environment=python.parents[1].name,
            ),
            use_cache=self.use_cache,
            progress=progress,
            stand_ins={
                "execution": self.started.described(self._execution_arn),
                "storage": str(self.workspace.storage.folder),
            },
        )

    @property
    def _execution_arn(self) -> str:
        return f"{self._pipeline_arn}/execution/{self.id}"

    @property
    def _pipeline_arn(self) -> str:
        place = self.pipeline.place
        return f"arn:aws:sagemaker:{place.region}:{place.account}:pipeline/{self.pipeline.name}"

    def _scope(self, nodes: Mapping[str, Node]) -> Scope:
        return Scope(
            parameters=self.parameters,
            execution={
                "PipelineName": self.pipeline.name,
                "PipelineArn": self._pipeline_arn,
                "PipelineExecutionId": self.id,
                "PipelineExecutionArn": self._execution_arn,
                "StartDateTime": datetime.now(UTC).isoformat(timespec="seconds"),
            },
            storage=self.workspace.storage,
            property_files=_property_files(nodes),
        )

    def _ensure_group(self, steps: Steps) -> None:
        """The group exists before the first execution, because a stack creates it."""
        name = self._group(steps.scope)
        if name is None:
            return
        declared = self.assembly.model_package_group(name) or {}
        description = declared.get("ModelPackageGroupDescription")
        request = {"ModelPackageGroupDescription": description} if description else {}
        try:
            steps.client.describe_model_package_group(ModelPackageGroupName=name)
        except (ClientError, RegistryError):
            # It was never created, or a disk or an editor broke its file.
            try:
                steps.client.create_model_package_group(ModelPackageGroupName=name, **request)
            except ClientError:
                # Another rehearsal created it in between, or it really cannot be: ask again.
                steps.client.describe_model_package_group(ModelPackageGroupName=name)

    def _group(self, scope: Scope) -> str | None:
        """The group that the pipeline registers in; none for one that registers nothing."""
        for step in all_steps(self.pipeline.definition):
            if step["Type"] == "RegisterModel":
                return str(scope.value(step["Arguments"]["ModelPackageGroupName"]))
        return None

    def _execution(
        self,
        steps: Steps,
        results: Mapping[str, StepResult],
        nodes: Mapping[str, Node],
        began: datetime,
    ) -> Execution:
        found = failures(nodes, results)
        evaluation = _evaluation(nodes, steps.scope)
        return Execution(
            id=self.id,
            model=self.spec.name,
            pipeline=self.pipeline.name,
            status="Failed" if found else "Succeeded",
            failure="; ".join(found) or None,
            began=f"{began:%Y-%m-%d %H:%M:%S} UTC",
            seconds=0.0,
            parameters=self.parameters,
            steps=tuple(results.values()),
            gates=tuple(steps.gates),
            metrics=_metrics(evaluation),
            evaluation=evaluation,
            version=_registered(steps, results),
            replay=None,
            report=self.workspace.report(self.id),
        )

    def _with_served_version(
        self, execution: Execution, steps: Steps, python: Path, progress: Progress
    ) -> Execution:
        """The execution with what the registered archive answered, and its approval."""
        version = execution.version
        if version is None or not execution.succeeded:
            return execution
        progress.note(f"serving version {version.number} from its archive alone")
        replay = guarded(partial(self._replayed, steps, python, version), stop=steps.processes.stop)
        if not replay.succeeded:
            failure = f"the registered version: {'; '.join(replay.problems)}"
            progress.ended(self._unserved(failure))
            return replace(execution, replay=replay, status="Failed", failure=failure)
        if self.approves:
            count = len(replay.recorded) + len(replay.promised)
            reason = f"rehearsal {self.id}: gates passed, {count} answers replayed over HTTP"
            version = approve(steps.client, version.group, version.number, reason=reason)
        return replace(execution, replay=replay, version=version)

    def _unserved(self, failure: str) -> StepResult:
        log = self.workspace.execution(self.id) / "Serving" / "log.txt"
        return StepResult(
            name="Serving",
            kind="Serving",
            status="Failed",
            failure=failure,
            log=log if log.is_file() else None,
        )

    def _replayed(self, steps: Steps, python: Path, version: ModelVersion) -> Replay:
        package = steps.client.describe_model_package(ModelPackageName=version.arn)
        check = ServingCheck(
            folder=self.workspace.execution(self.id) / "Serving",
            python=python,
            storage=self.workspace.storage,
            processes=steps.processes,
            content=recorded_archive(package),
        )
        return check.replay(
            archive_uri=package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"],
            answers_uri=package.get("CustomerMetadataProperties", {}).get("answers_uri", ""),
            model=self.spec,
            examples=read_examples(self._model_folder),
        )

    def _clear(self, nodes: Mapping[str, Node]) -> None:
        """Sandboxes hold copies of the data; what is worth keeping is in S3 or in the logs."""
        for name in (*nodes, "Serving"):
            for bulk in ("container", "function"):
                shutil.rmtree(self.workspace.execution(self.id) / name / bulk, ignore_errors=True)


def _property_files(nodes: Mapping[str, Node]) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (node.name, declared["PropertyFileName"]): (declared["OutputName"], declared["FilePath"])
        for node in nodes.values()
        for declared in node.step.get("PropertyFiles", ())
    }


def _evaluation(nodes: Mapping[str, Node], scope: Scope) -> dict[str, Any]:
    """The first property file that reports metrics; {} where no step got that far."""
    for step, name in _property_files(nodes):
        if step not in scope.steps:
            continue
        try:
            uri = scope.property_file_uri({"Get": f"Steps.{step}.PropertyFiles.{name}"})
            content = json.loads(scope.storage.read_text(uri))
        except (ExpressionError, OSError, ValueError):
            continue
        if isinstance(content, dict) and "metrics" in content:
            return content
    return {}


def _metrics(evaluation: Mapping[str, Any]) -> tuple[Metric, ...]:
    try:
        return metrics_of(evaluation)
    except (KeyError, TypeError, AttributeError):
        # The gates have judged the file already; here it is only shown.
        return ()


def _registered(steps: Steps, results: Mapping[str, StepResult]) -> ModelVersion | None:
    for result in results.values():
        if result.kind == "RegisterModel" and result.succeeded:
            arn = result.properties["ModelPackageArn"]
            return version_of(steps.client.describe_model_package(ModelPackageName=arn))
    return None
