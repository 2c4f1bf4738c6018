"""One stage's account: a deployment is rehearsed, then the deployed functions judge and tell it."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

import boto3

from mlops.checks.clients import Clients
from mlops.contract import StageSpec
from mlops.rehearsal.canary.deployment import BEFORE_SECONDS
from mlops.rehearsal.canary.results import DeploymentResult
from mlops.rehearsal.delivery import events
from mlops.rehearsal.delivery.routes import Routes
from mlops.rehearsal.delivery.services import StageServices
from mlops.rehearsal.errors import RehearsalError
from mlops.rehearsal.local_aws.assembly import Assembly, Stack, SynthesizedFunction
from mlops.rehearsal.local_aws.handlers import LambdaCall
from mlops.rehearsal.local_aws.intrinsics import Place, TemplateError
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rollout import State
from mlops.rollout.release import ENDPOINT_TAG, RELEASE_TAG

RUNTIME: Final = "mlops.rehearsal.delivery.function_runtime"
CHECK: Final = "Custom::ReleaseCheck"
PROMOTED: Final = ("promoted", "inconclusive", "failed the release check")
"""Endings after which the endpoint runs the new release."""
_LONG_AGO: Final = 7 * 24 * 3600.0
_VARIANT: Final = "AllTraffic"
_MINUTE: Final = 60


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The release that a stage's templates ask for."""

    stack: Stack
    properties: Mapping[str, Any]
    """What the release check is given."""
    checker: SynthesizedFunction

    @property
    def endpoint(self) -> str:
        """Name of the endpoint."""
        return str(self.properties["EndpointName"])

    @property
    def release(self) -> str:
        """Hash of the release."""
        return str(self.properties["Release"])


def asked(assembly: Assembly, endpoint: str) -> Asked:
    """What the release check of an endpoint is given, as it was synthesized.

    Raises:
        TemplateError: no stack checks this endpoint.
    """
    for stack in assembly.stacks:
        values = assembly.intrinsics(stack)
        for _, given in stack.resources(CHECK):
            properties = values.value(given)
            if properties["EndpointName"] == endpoint:
                checker = assembly.function(properties["ServiceToken"])
                return Asked(stack=stack, properties=properties, checker=checker)
    raise TemplateError(f"{assembly.folder}: has no release check of {endpoint}")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the deployed functions made of a deployment."""

    passed: bool
    reason: str
    record: str | None
    """The release record as it was written."""
    sent: tuple[tuple[str, Mapping[str, Any]], ...]
    """Events with the bus that each was put on."""
    told: tuple[str, ...]
    """Subjects of the messages to people."""


@dataclass(frozen=True, kw_only=True)
class StageAccount:
    """The services of one stage, and where its functions run."""

    stage: StageSpec
    services: StageServices
    home: Path
    processes: Processes

    @classmethod
    def opened(cls, stage: StageSpec, *, home: Path, processes: Processes) -> "StageAccount":
        """An account in which nothing was deployed yet."""
        home.mkdir(parents=True, exist_ok=True)
        services = StageServices.empty(account=stage.account, region=stage.region)
        return cls(stage=stage, services=services, home=home, processes=processes)

    @cached_property
    def clients(self) -> Clients:
        """Clients of the account's services, as the checks use them."""
        # The services answer where a session would ask AWS; nothing else of a session is used.
        return Clients(lambda: cast("boto3.Session", self.services))

    def serve(self, release: Asked, *, package: str) -> None:
        """Let the endpoint run a release since long ago."""
        at = time.time() - _LONG_AGO
        config = self._config(release, package, at=at)
        self.services.state["endpoints"][release.endpoint] = {
            "config": config, "status": "InService", "created": at, "changed": at,
        }  # fmt: skip

    def deploy(self, release: Asked, result: DeploymentResult, *, package: str) -> None:
        """Leave behind what the rehearsed deployment would have left on AWS."""
        began = (time.time() - result.ended) // _MINUTE * _MINUTE
        state = self.services.state
        endpoint = state["endpoints"][release.endpoint]
        old = endpoint["config"]
        new = self._config(release, package, at=began + BEFORE_SECONDS)
        fleets = {"green": new, "blue": old}
        for config, metric, minute, value in _sums(result, fleets):
            points = state["sums"].setdefault(config, {}).setdefault(metric, {})
            points[str(began + minute * _MINUTE)] = value
        state["alarms"] = dict.fromkeys(release.properties["AlarmNames"], str(State.OK.value))
        for change in result.changes:
            state["alarms"][change.alarm] = change.state.value
            row = {"alarm": change.alarm, "at": began + change.at, "state": change.state.value}
            state["history"].append(row)
        if result.observed in PROMOTED:
            endpoint["config"] = new
        endpoint.update(changed=time.time(), failure=_failure(result))

    def judged(self, release: Asked, before: Asked, *, assembly: Assembly, record: str) -> Judged:
        """Let the functions that are deployed here notice the deployment's end, and judge it.

        The event comes first and the release check second, as if CloudFormation had reported
        success: whichever of them is first tells, and the other finds that it was told.
        """
        self._notice(release, assembly)
        answer = self._answered(release, before)
        state = self.services.state
        sent = tuple(self._sent(state["events"]))
        told = tuple(message.get("Subject", "") for message in state["messages"])
        state["events"], state["messages"] = [], []
        return Judged(
            passed=answer["Status"] == "SUCCESS",
            reason=answer["Reason"],
            record=state["parameters"].get(record),
            sent=sent,
            told=told,
        )

    def _config(self, release: Asked, package: str, *, at: float) -> str:
        state = self.services.state
        number = len(state["configs"]) + 1
        config, model = f"config-{release.release}-{number}", f"model-{release.release}-{number}"
        content = release.properties["Content"]
        state["models"][model] = {"package": package, "content": content, "created": at}
        tags = {RELEASE_TAG: release.release, ENDPOINT_TAG: release.endpoint}
        state["configs"][config] = {
            "created": at, "variant": _VARIANT, "model": model, "tags": tags,
        }  # fmt: skip
        return config

    def _notice(self, release: Asked, assembly: Assembly) -> None:
        endpoint = self.services.client("sagemaker").describe_endpoint(
            EndpointName=release.endpoint
        )
        event = events.endpoint_changed(
            endpoint["EndpointArn"],
            config=endpoint["EndpointConfigName"],
            status="IN_SERVICE",
            created=endpoint["CreationTime"],
            changed=endpoint["LastModifiedTime"],
        )
        for arrival in Routes(assembly=assembly).arrivals(event, account=self.stage.account):
            self._called(assembly.function(arrival.target), event)

    def _answered(self, release: Asked, before: Asked) -> Mapping[str, Any]:
        """What the release check answers CloudFormation about an update."""
        event = {
            "RequestType": "Update",
            "ResponseURL": "https://cloudformation.invalid/answer",
            "StackId": self.services.arn("cloudformation", f"stack/{release.stack.place.stack}/1"),
            "RequestId": "1",
            "LogicalResourceId": "Check",
            "ResourceType": CHECK,
            "ResourceProperties": dict(release.properties),
            "OldResourceProperties": dict(before.properties),
        }
        answers: Sequence[Mapping[str, Any]] = self._called(release.checker, event)[
            "cloudformation"
        ]
        if not answers:
            raise RehearsalError(f"the release check of {release.endpoint} answered nothing")
        return answers[-1]

    def _called(self, function: SynthesizedFunction, event: Mapping[str, Any]) -> dict[str, Any]:
        number = sum(1 for _ in self.home.glob("call-*"))
        folder = self.home / f"call-{number + 1}"
        services = self.home / "services.json"
        self.services.write(services)
        answer = LambdaCall(
            function=function,
            event=event,
            place=Place(account=self.stage.account, region=self.stage.region, stack=""),
            registry=folder,
            folder=folder,
            log=self.home / "functions.log",
            runtime=RUNTIME,
            stand_ins={"services": str(services)},
        ).run(self.processes)
        self.services.state.update(StageServices.read(services).state)
        return answer

    def _sent(self, entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        for entry in entries:
            detail = json.loads(entry["Detail"])
            account, region = self.stage.account, self.stage.region
            event = events.put(entry, account=account, region=region, detail=detail)
            yield entry["EventBusName"], event


def _sums(
    result: DeploymentResult, fleets: Mapping[str, str]
) -> Iterator[tuple[str, str, float, float]]:
    """Config, metric, minute and sum of everything that a fleet's invocations reported."""
    for curve in result.curves:
        colour = curve.dimensions.get("EndpointConfigName", "").partition(":")[0]
        if colour in fleets and curve.statistic == "Sum":
            for minute, value in curve.points:
                yield fleets[colour], curve.name, minute, value


def _failure(result: DeploymentResult) -> str:
    """Why the new fleet never became healthy, as the endpoint would say it."""
    return next((event.text for event in result.events if event.kind == "failure"), "")
