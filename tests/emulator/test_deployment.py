"""A stage deployed by hand, by the commands of docs/deploying.md."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.accounts import DEV, Deployment, root_of, stack_states
from tests.emulator.command_line import CommandLine, said
from tests.emulator.projection import Change, Template, projected
from tests.emulator.servers import Server

pytestmark = pytest.mark.full

CHECK = "mlops-dev-bike-demand-release-check"


def keep_logs(days: int) -> Change:
    def change(stack: str, template: Template) -> None:
        for resource in template["Resources"].values():
            if stack.startswith("dev/") and resource["Type"] == "AWS::Logs::LogGroup":
                resource["Properties"]["RetentionInDays"] = days

    return change


def stack_name(path: str) -> str:
    """How a stack of dev is called in its account."""
    return f"mlops-{path.replace('/', '-').replace('ReleaseCheck', 'Release-Check').lower()}"


def kinds(template: Template) -> dict[str, str]:
    return {name: resource["Type"] for name, resource in template["Resources"].items()}


def resources(aws: Server, stack: str) -> dict[str, str]:
    cloudformation = aws.client("cloudformation", root_of(DEV))
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return {resource["LogicalResourceId"]: resource["ResourceType"] for resource in found}


def log_retention(aws: Server) -> dict[str, int]:
    groups = aws.client("logs", root_of(DEV)).describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group["retentionInDays"] for group in groups}


def test_every_stack_of_a_stage_is_created(dev: Deployment) -> None:
    assert dev.finished.returncode == 0, dev.finished.stderr
    assert dev.stacks == {
        "mlops-dev-foundation": "CREATE_COMPLETE",
        "mlops-dev-registry": "CREATE_COMPLETE",
        "mlops-dev-bike-demand-training": "CREATE_COMPLETE",
        "mlops-dev-bike-demand-serving": "CREATE_COMPLETE",
        CHECK: "CREATE_COMPLETE",
    }


def test_every_resource_of_the_projection_is_there(
    dev: Deployment, aws: Server, templates: dict[str, Template]
) -> None:
    wanted = {
        stack_name(path): kinds(projected(template, DEV))
        for path, template in templates.items()
        if path.startswith("dev/")
    }

    assert {stack: resources(aws, stack) for stack in dev.stacks} == wanted


def test_a_deployed_stage_shows_no_difference(
    dev: Deployment, projection: Path, cdk: CommandLine
) -> None:
    finished = cdk.diff(projection, "dev/*", by=root_of(DEV))

    assert finished.returncode == 0, finished.stderr
    assert "read-only change set" in said(finished)
    assert "Number of stacks with differences: 0" in said(finished)


def test_a_change_shows_as_a_difference_and_is_deployed(
    dev: Deployment,
    changed: Callable[[Change], Path],
    cdk: CommandLine,
    aws: Server,
    projection: Path,
) -> None:
    shorter, training = changed(keep_logs(14)), ("dev/*-Training", "--exclusively")

    difference = cdk.diff(shorter, *training, by=root_of(DEV))
    update = cdk.deploy(shorter, *training, by=root_of(DEV))
    kept = log_retention(aws)
    back = cdk.deploy(projection, *training, by=root_of(DEV))

    assert difference.returncode == 1
    assert re.search(r"RetentionInDays.*\[-\] 30.*\[\+\] 14", said(difference), re.DOTALL)
    assert update.returncode == back.returncode == 0, update.stderr + back.stderr
    assert kept["/mlops/dev/bike-demand/find-approved"] == 14
    assert log_retention(aws)["/mlops/dev/bike-demand/find-approved"] == 30
    assert stack_states(aws, DEV)["mlops-dev-bike-demand-training"] == "UPDATE_COMPLETE"
