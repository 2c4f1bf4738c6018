"""The stage whose traffic is watched: its drift job, and the functions behind its events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from mlops.contract import ModelSpec, Names, StageSpec
from mlops.registry import local_client
from mlops.rehearsal.delivery.events import put
from mlops.rehearsal.delivery.patterns import Event
from mlops.rehearsal.delivery.routes import Routes
from mlops.rehearsal.drift.services import DriftServices, empty_services, read_services
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly, SynthesizedFunction, SynthesizedModel
from mlops.rehearsal.local_aws.handlers import LambdaCall
from mlops.rehearsal.local_aws.intrinsics import Place
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.pipeline.cache import StepCache
from mlops.rehearsal.pipeline.expressions import Scope
from mlops.rehearsal.pipeline.graph import failures, nodes_of, run_graph
from mlops.rehearsal.pipeline.live import Progress
from mlops.rehearsal.pipeline.parameters import resolved
from mlops.rehearsal.pipeline.results import StepResult
from mlops.rehearsal.pipeline.steps import Steps
from mlops.rehearsal.workspace import Workspace

RUNTIME: Final = "mlops.rehearsal.drift.function_runtime"
VARIANT: Final = "AllTraffic"


class DeployedVersion(Assembly):
    """The assembly as the release commit of another version would synthesize it.

    All that such a commit changes for the drift job is the package that its function looks up, and
    for a batch the package that its model is made from. How much traffic the contract expects is
    left out: a replay asks once for each row that there is.
    """

    def __init__(self, folder: Path, *, version: int) -> None:
        super().__init__(folder)
        self._version = version

    def function(self, arn: str) -> SynthesizedFunction:
        """The function, told of this version where it is told of one."""
        found = super().function(arn)
        pinned = found.environment.get("PACKAGE")
        if pinned is None:
            return found
        job = json.loads(found.environment["JOB"])
        job.pop("expected_requests", None)
        deployed = {"PACKAGE": self._deployed(pinned), "JOB": json.dumps(job)}
        return replace(found, environment={**found.environment, **deployed})

    def model(self, name: str) -> SynthesizedModel:
        """The model, made from this version's package."""
        found = super().model(name)
        return replace(
            found,
            package_arn=self._deployed(found.package_arn),
            environment={**found.environment, "MODEL_VERSION": str(self._version)},
        )

    def _deployed(self, pinned: str) -> str:
        return f"{pinned.rpartition('/')[0]}/{self._version}"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a run of the drift job said, published and sent."""

    report: Mapping[str, Any]
    folder: Path
    points: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    """Entries of PutEvents."""


@dataclass(frozen=True, kw_only=True)
class WatchedStage:
    """One stage's services and functions, with the replay's time."""

    stage: StageSpec
    spec: ModelSpec
    names: Names
    assembly: Path
    workspace: Workspace
    python: Path
    progress: Progress
    processes: Processes
    home: Path
    _runs: list[int] = field(default_factory=list)

    def open(self) -> None:
        """Begin with services that know nothing."""
        self.home.mkdir(parents=True, exist_ok=True)
        empty_services(
            self._services, account=self.stage.account, region=self.stage.region,
            storage=self.workspace.storage.folder, registry=self.workspace.registry,
            registrar=self.names.stages.training.account,
        )  # fmt: skip

    @property
    def services(self) -> DriftServices:
        """The services as the last call left them."""
        return read_services(self._services)

    def change(self, **values: Any) -> None:
        """Set parts of what the services know."""
        services = self.services
        services.change(**values)
        services.write(self._services)

    def set_time(self, day: date) -> None:
        """Let it be six in the morning of a day."""
        self.change(now=datetime.combine(day, time(6), UTC).timestamp())

    def judge(self, end: date, *, version: int, requests: float, at: datetime) -> Judged:
        """Run the synthesized drift job over the window that ends with a day.

        Raises:
            RehearsalError: a step failed.
        """
        services = self.services
        services.change(metrics=[], events=[])
        endpoint = self.names.endpoint(self.stage, self.spec.name)
        services.serve(endpoint, variant=VARIANT, at=at, requests=requests)
        services.write(self._services)
        assembly = DeployedVersion(self.assembly, version=version)
        pipeline = assembly.pipeline(self.names.drift_pipeline(self.stage, self.spec.name))
        place = pipeline.place
        self._runs.append(1)
        execution = f"window{len(self._runs):06d}"
        steps = self._steps(
            execution, assembly, place, pipeline.definition, {"WindowEnd": end.isoformat()}
        )
        nodes = nodes_of(pipeline.definition)
        for value in _code_uris(pipeline.definition):
            self.workspace.storage.put(assembly.assets[value].source, value)
        results = run_graph(nodes, steps.execute, workers=1, stop=steps.processes.stop)
        told = {name: replace(one, failure=_ended(one)) for name, one in results.items()}
        failed = failures(nodes, told)
        if failed:
            raise RehearsalError(f"the drift job failed: {'; '.join(failed)}")
        state = self.services.state
        uri = results["FindWindow"].properties["Outputs"]["ReportUri"]
        folder = self.workspace.storage.path(uri)
        return Judged(
            report=json.loads((folder / "report.json").read_text("utf-8")),
            folder=folder,
            points=state["metrics"],
            events=state["events"],
        )

    def _steps(
        self,
        execution: str,
        assembly: Assembly,
        place: Place,
        definition: Mapping[str, Any],
        parameters: Mapping[str, str],
    ) -> Steps:
        now = datetime.fromtimestamp(self.services.state["now"], UTC)
        scope = Scope(
            parameters=resolved(definition, parameters),
            execution={"PipelineExecutionId": execution, "StartDateTime": now.isoformat()},
            storage=self.workspace.storage,
            property_files={},
        )
        folder = self.home / "executions" / execution
        return Steps(
            execution=execution,
            folder=folder,
            place=place,
            python=self.python,
            scope=scope,
            assembly=assembly,
            registry=self.workspace.registry,
            client=local_client(
                self.workspace.registry, account=place.account, region=place.region
            ),
            cache=StepCache(
                folder=self.workspace.cache(execution),
                storage=self.workspace.storage,
                environment=self.python.parents[1].name,
            ),
            use_cache=False,
            progress=self.progress,
            runtime=RUNTIME,
            stand_ins={"services": str(self._services)},
            processes=self.processes,
        )

    def deliver(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Hand the events that the stage put on buses to the functions behind them.

        Raises:
            RehearsalError: a bus does not let the stage in.
        """
        return [answer for entry in entries for answer in self._delivered(entry)]

    def send(self, event: Event) -> list[dict[str, Any]]:
        """Hand an event of the stage's own bus to the functions behind it."""
        routes = Routes(assembly=Assembly(self.assembly))
        arrivals = routes.arrivals(event, account=self.stage.account)
        return [self._called(arrival.target, event) for arrival in arrivals if _is_ours(arrival)]

    def _delivered(self, entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        event = put(
            entry, account=self.stage.account, region=self.stage.region,
            detail=json.loads(entry["Detail"]),
        )  # fmt: skip
        routes = Routes(assembly=Assembly(self.assembly))
        for arrival in routes.sent(
            event, account=self.stage.account, bus_arn=entry["EventBusName"]
        ):
            yield self._called(arrival.target, event)

    def _called(self, target: str, event: Mapping[str, Any]) -> dict[str, Any]:
        self._runs.append(1)
        folder = self.home / "functions" / f"{len(self._runs):06d}"
        folder.mkdir(parents=True)
        training = self.names.stages.training
        self.change(caller=target)
        return LambdaCall(
            function=Assembly(self.assembly).function(target),
            event=event,
            place=Place(account=training.account, region=training.region, stack="training"),
            registry=self.workspace.registry,
            folder=folder,
            log=folder / "log.txt",
            runtime=RUNTIME,
            stand_ins={"services": str(self._services)},
        ).run(self.processes)

    @property
    def _services(self) -> Path:
        return self.home / "services.json"


def _ended(step: StepResult) -> str | None:
    """Why a step failed, with the last line of its log, which is thrown away with the replay."""
    return f"{step.failure}{_end(step.log)}" if step.failure else None


def _end(log: Path | None) -> str:
    lines = log.read_text("utf-8", errors="replace").split("\n") if log and log.exists() else []
    last = next((line for line in reversed(lines) if line.strip()), "")
    return f": {last}" if last else ""


def _is_ours(arrival: Any) -> bool:
    """Whether a target is a function; topics and queues are other people's."""
    return ":function:" in arrival.target


def _code_uris(definition: Mapping[str, Any]) -> Iterator[str]:
    for step in definition["Steps"]:
        for given in step["Arguments"].get("ProcessingInputs", ()):
            uri = given["S3Input"]["S3Uri"]
            if given["InputName"] == "code" and isinstance(uri, str):
                yield uri
