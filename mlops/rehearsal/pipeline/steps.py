"""Executes one step of a definition, whatever its type, and says how it ended."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from mlops.registry import RegistryError, SageMakerClient, local_client, recorded_archive
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.local_aws.container import Job, JobError, Sandbox
from mlops.rehearsal.local_aws.handlers import LambdaCall
from mlops.rehearsal.local_aws.intrinsics import Place
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.transform import ScoredFile, TransformJob
from mlops.rehearsal.pipeline.cache import StepCache
from mlops.rehearsal.pipeline.expressions import Scope
from mlops.rehearsal.pipeline.gates import gate_results
from mlops.rehearsal.pipeline.graph import Node
from mlops.rehearsal.pipeline.live import Progress
from mlops.rehearsal.pipeline.results import GateResult, StepResult, StepStatus

JOBS: Final = ("Processing", "Training")


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What a step has to show for itself."""

    properties: Mapping[str, Any]
    reused_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Everything that steps of one execution share."""

    execution: str
    folder: Path
    place: Place
    python: Path
    scope: Scope
    assembly: Assembly
    registry: Path
    client: SageMakerClient
    cache: StepCache
    use_cache: bool
    progress: Progress
    runtime: str = LambdaCall.runtime
    """Module that runs the Lambda steps' handlers."""
    stand_ins: Mapping[str, object] = field(default_factory=dict)
    """What else that module has to know."""
    processes: Processes = field(default_factory=Processes)
    gates: list[GateResult] = field(default_factory=list)
    scored: list[ScoredFile] = field(default_factory=list)
    """What became of each file of a batch."""
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def execute(self, node: Node) -> StepResult:
        """Run a step to its end; what goes wrong becomes its failure."""
        self.progress.started(node.name, node.kind)
        started = time.monotonic()
        outcome, failure, code = self._attempt(node)
        status: StepStatus = "Succeeded" if outcome else "Failed"
        log = self._log(node)
        result = StepResult(
            name=node.name,
            kind=node.kind,
            status=status,
            started=started - self.began,
            seconds=time.monotonic() - started,
            reused_from=outcome.reused_from if outcome else None,
            failure=failure,
            exit_code=code,
            log=log if log.is_file() else None,
            properties=outcome.properties if outcome else {},
            retry_policies=tuple(node.step.get("RetryPolicies", ())),
        )
        self.progress.ended(result)
        return result

    def _attempt(self, node: Node) -> tuple[_Outcome | None, str | None, int | None]:
        try:
            outcome = self._kinds()[node.kind](node)
        except KeyError as error:
            return None, f"its definition has no {error}", None
        except JobError as error:
            return None, str(error), error.exit_code
        except (RehearsalError, RegistryError, OSError, ClientError, BotoCoreError) as error:
            return None, str(error), None
        with self._lock:
            self.scope.steps[node.name] = outcome.properties
        return outcome, None, None

    def _kinds(self) -> Mapping[str, Callable[[Node], _Outcome]]:
        return {
            **dict.fromkeys(JOBS, self._job),
            "Condition": self._condition,
            "Fail": self._fail,
            "Lambda": self._lambda,
            "RegisterModel": self._register,
            "Transform": self._transform,
        }

    def _job(self, node: Node) -> _Outcome:
        arguments = self.scope.value(node.step["Arguments"])
        config = node.step.get("CacheConfig", {})
        if not config.get("Enabled"):
            return _Outcome(properties=self._run_job(node, arguments))
        key = self.cache.key(node.kind, arguments)
        expiry = config.get("ExpireAfter")
        now = time.time()
        if self.use_cache and (
            entry := self.cache.find(node.name, key, expire_after=expiry, now=now)
        ):
            return _Outcome(properties=entry.properties, reused_from=entry.execution)
        properties = self._run_job(node, arguments)
        self.cache.store(
            node.name, key, execution=self.execution, properties=properties, now=time.time()
        )
        return _Outcome(properties=properties)

    def _run_job(self, node: Node, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self._log(node).parent.mkdir(parents=True, exist_ok=True)
        job = Job(
            name=f"pipelines-{self.execution}-{node.name}",
            kind=node.kind,
            arguments=arguments,
            sandbox=Sandbox(folder=self.folder / node.name / "container", python=self.python),
            storage=self.scope.storage,
            log=self._log(node),
        )
        return job.run(self.processes)

    def _condition(self, node: Node) -> _Outcome:
        found = list(gate_results(node.step["Arguments"]["Conditions"], self.scope))
        with self._lock:
            self.gates.extend(found)
        return _Outcome(properties={"Outcome": str(all(gate.passed for gate in found))})

    def _fail(self, node: Node) -> _Outcome:
        raise JobError(str(self.scope.value(node.step["Arguments"]["ErrorMessage"])))

    def _lambda(self, node: Node) -> _Outcome:
        function = self.assembly.function(str(self.scope.value(node.step["FunctionArn"])))
        self._log(node).parent.mkdir(parents=True, exist_ok=True)
        answer = LambdaCall(
            function=function,
            event=self.scope.value(node.step.get("Arguments", {})),
            place=self.place,
            registry=self.registry,
            folder=self.folder / node.name / "function",
            log=self._log(node),
            runtime=self.runtime,
            stand_ins=self.stand_ins,
        ).run(self.processes)
        outputs = node.step.get("OutputParameters", [])
        found = _declared(outputs, answer)
        # The SDK has named this section both ways.
        return _Outcome(properties={"OutputParameters": found, "Outputs": found})

    def _register(self, node: Node) -> _Outcome:
        arguments = self.scope.value(node.step["Arguments"])
        arn = self.client.create_model_package(**arguments)["ModelPackageArn"]
        package = self.client.describe_model_package(ModelPackageName=arn)
        package.pop("ResponseMetadata", None)
        return _Outcome(properties=json.loads(json.dumps(package, default=str)))

    def _transform(self, node: Node) -> _Outcome:
        arguments = self.scope.value(node.step["Arguments"])
        model = self.assembly.model(arguments["ModelName"])
        # The registry is the training stage's, whichever stage runs the job.
        *_, region, account, _ = model.package_arn.split(":")
        registry = local_client(self.registry, account=account, region=region)
        package = registry.describe_model_package(ModelPackageName=model.package_arn)
        self._log(node).parent.mkdir(parents=True, exist_ok=True)
        job = TransformJob(
            name=f"pipelines-{self.execution}-{node.name}",
            arguments=arguments,
            archive_uri=package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"],
            content=recorded_archive(package),
            environment=model.environment,
            folder=self.folder / node.name,
            python=self.python,
            storage=self.scope.storage,
        )
        return _Outcome(properties=job.run(self.processes, self.scored))

    def _log(self, node: Node) -> Path:
        return self.folder / node.name / "log.txt"


def _declared(outputs: list[Mapping[str, Any]], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs that the step declares; a missing one fails the step, as on AWS."""
    names = [output["OutputName"] for output in outputs]
    missing = [name for name in names if name not in answer]
    if missing:
        raise JobError(f"Lambda did not answer {', '.join(missing)}")
    return {name: answer[name] for name in names}
