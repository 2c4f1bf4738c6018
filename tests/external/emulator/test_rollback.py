"""A release that SageMaker rolls back: who notices, what is kept, and who is told.

The release check and the function that reports rollbacks run as deployed, with their roles. The
emulator runs no CodeBuild: the automation's program runs here, with a session of its build's role.
"""

import json
import subprocess
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from mlops.rollout.record import EVENT_SOURCE, ROLLED_BACK, ReleaseRecord
from tests.external.emulator import hosting
from tests.external.emulator.accounts import DEV, Deployment, root_of, stack_states
from tests.external.emulator.command_line import CommandLine, Finished, said
from tests.external.emulator.functions import invoked
from tests.external.emulator.projection import Template, pattern_on_a_bus, project, stacks
from tests.external.emulator.queues import inbox, listening
from tests.external.emulator.repository import GIT, Repository
from tests.external.emulator.roles import Roles
from tests.external.emulator.servers import Server

pytestmark = pytest.mark.full

CHECK: Final = "mlops-dev-bike-demand-release-check"
RELEASE: Final = "0123456789ab"
GROUP: Final = "mlops-bike-demand"
RECORD: Final = "/mlops/dev/bike-demand/release-record"


def with_second_version(assembly: Path, folder: Path, first: Mapping[str, Any]) -> Path:
    """The projection with version 2 in dev: a release of its own, with alarms of its own."""
    package = first["ModelPackage"].partition(":")[2]
    names = {first["Release"]: RELEASE, package: f"{package.rpartition('/')[0]}/2"}

    def change(stack: str, template: Template) -> None:
        text = json.dumps(template)
        if stack.startswith("dev/"):
            for before, after in names.items():
                text = text.replace(before, after)
        template.update(json.loads(text))

    return project(assembly, folder, change)


def template_of(app: Path, stack: str) -> Template:
    (found,) = (found for found in stacks(app) if found.path == stack)
    return found.template


def at_once() -> dict[str, str]:
    """An event for which the function does not wait: it keeps two of one change apart."""
    return {"id": next(str(n) for n in count() if zlib.crc32(str(n).encode()) % 30 == 0)}


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """What was seen of a release that SageMaker rolled back, in the order in which it happened."""

    looks: list[dict[str, bool]]
    check: Finished
    stacks: Mapping[str, str]
    way_back: Finished
    record: ReleaseRecord
    people: list[dict[str, Any]]
    events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def second_version(
    assembly: Path, templates: dict[str, Template], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The app with version 2 in dev."""
    first = hosting.expectation(templates["dev/bike-demand-ReleaseCheck"])
    return with_second_version(assembly, tmp_path_factory.mktemp("second") / "cdk.out", first)


@pytest.fixture(scope="module")
def tried(dev: Deployment, second_version: Path, cdk: CommandLine, sagemaker: Server) -> Finished:
    """Version 2 in dev's serving stack; SageMaker tried it, and runs version 1 again."""
    hosting.register(sagemaker.client("sagemaker", root_of(DEV)), GROUP, "Approved", "Approved")
    deployed = cdk.deploy(second_version, "dev/*-Serving", "--exclusively", by=root_of(DEV))
    hosting.roll_back(
        sagemaker.client("sagemaker", root_of(DEV)),
        cdk.server.client("cloudwatch", root_of(DEV)),
        hosting.expectation(template_of(second_version, "dev/bike-demand-ReleaseCheck")),
    )
    return deployed


@pytest.fixture(scope="module")
def rollback(
    tried: Finished, delivery_bus: str, second_version: Path, projection: Path, cdk: CommandLine
) -> Rollback:
    """What came of it, before and after the release check; then version 1 is deployed again."""
    assert tried.returncode == 0, tried.stderr
    aws, by = cdk.server, root_of(DEV)
    pattern = pattern_on_a_bus(template_of(projection, "Delivery"), ROLLED_BACK)
    with (
        inbox(aws, DEV, "mlops-dev-alerts") as people,
        listening(aws, DEV, delivery_bus, pattern, name="rollbacks") as delivery,
    ):
        looks = [invoked(aws, "RollbackReport", at_once()) for _ in range(2)]
        check = cdk.deploy(second_version, "dev/*-ReleaseCheck", "--exclusively", by=by)
        states = stack_states(aws, DEV)
        way_back = cdk.deploy(projection, "dev/*", by=by)
        kept = aws.client("ssm", by).get_parameter(Name=RECORD)["Parameter"]["Value"]
        return Rollback(
            looks=looks,
            check=check,
            stacks=states,
            way_back=way_back,
            record=ReleaseRecord.from_json(kept),
            people=people.received(),
            events=delivery.received(),
        )


def test_the_function_that_an_event_wakes_notices_it_once(rollback: Rollback) -> None:
    assert rollback.looks == [{"reported": True}, {"reported": False}]


def test_the_record_blames_the_version_by_its_own_alarm(rollback: Rollback) -> None:
    record = rollback.record

    assert record.blames_the_model, record
    assert (record.version, record.live_version) == (2, 1)
    assert record.red_alarms == (f"mlops-dev-bike-demand-rollback-latency-{RELEASE}",)
    assert record.canary_invocations == 300


def test_people_and_the_delivery_are_told_once(rollback: Rollback) -> None:
    (mail,) = rollback.people
    (event,) = rollback.events

    assert mail["Subject"] == "dev: bike-demand version 2 is unhealthy"
    assert (event["source"], event["detail-type"]) == (EVENT_SOURCE, ROLLED_BACK)
    assert event["account"] == DEV
    assert ReleaseRecord.from_json(json.dumps(event["detail"])) == rollback.record


def test_the_release_check_fails_the_deployment_in_words(rollback: Rollback) -> None:
    assert rollback.check.returncode == 1
    assert rollback.stacks[CHECK] == "UPDATE_ROLLBACK_COMPLETE"
    assert f"is live instead of {RELEASE}: SageMaker rolled back" in rollback.check.stderr


def test_the_version_before_is_deployed_again(rollback: Rollback) -> None:
    assert rollback.way_back.returncode == 0, rollback.way_back.stderr
    assert "dev/bike-demand-Serving (mlops-dev-bike-demand-serving)\n" in said(rollback.way_back)
    assert f"({CHECK}) (no changes)" in said(rollback.way_back)


@pytest.fixture(scope="module")
def automated(
    rollback: Rollback,
    roles: Roles,
    aws: Server,
    sagemaker: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Finished, Repository]:
    """A run of the release automation after the rollback."""
    repository = Repository.at(tmp_path_factory.mktemp("automated"))
    environment = GIT | aws.environment(roles.session("mlops-release-automation"))
    program = [sys.executable, "-m", "mlops.cli", "--root", str(repository.checkout)]
    options = ["--target", "aws", "--remote", str(repository.host)]
    finished = subprocess.run(
        [*program, "release", "automate", *options],
        env=environment | {"AWS_ENDPOINT_URL_SAGEMAKER": sagemaker.url},
        capture_output=True,
        text=True,
        check=False,  # a failure is asserted on
    )
    return finished, repository


def test_the_automation_rejects_the_version_and_pins_the_one_that_serves(
    automated: tuple[Finished, Repository], sagemaker: Server
) -> None:
    finished, repository = automated
    registry = sagemaker.client("sagemaker", root_of(DEV))

    found = registry.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]

    assert finished.returncode == 0, said(finished)
    assert [package["ModelApprovalStatus"] for package in found] == ["Approved", "Rejected"]
    assert "bike-demand: {dev: 1}" in repository.releases
    assert repository.newest_message.rstrip().endswith("Release-Automation: rolled-back")
