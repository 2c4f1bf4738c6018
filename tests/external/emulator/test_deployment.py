"""A stage deployed by hand, by the commands of docs/start/deploying.md."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.external.emulator.accounts import DEV, Deployment, root_of
from tests.external.emulator.command_line import CommandLine, said
from tests.external.emulator.projection import Change, Template, names, stacks
from tests.external.emulator.servers import Server

pytestmark = pytest.mark.full


def shorter_logs(stack: str, template: Template) -> None:
    for resource in template["Resources"].values():
        if stack.startswith("dev/") and resource["Type"] == "AWS::Logs::LogGroup":
            resource["Properties"]["RetentionInDays"] = 14


def kinds(template: Template) -> dict[str, str]:
    return {name: resource["Type"] for name, resource in template["Resources"].items()}


def resources(aws: Server, stack: str) -> dict[str, str]:
    cloudformation = aws.client("cloudformation", root_of(DEV))
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return {resource["LogicalResourceId"]: resource["ResourceType"] for resource in found}


def test_every_stack_of_a_stage_is_created(dev: Deployment, projection: Path) -> None:
    assert dev.finished.returncode == 0, dev.finished.stderr
    assert dev.stacks == dict.fromkeys(names(projection, DEV), "CREATE_COMPLETE")


def test_every_resource_of_the_projection_is_there(
    dev: Deployment, aws: Server, projection: Path
) -> None:
    wanted = {
        stack.name: kinds(stack.template) for stack in stacks(projection) if stack.account == DEV
    }

    assert {stack: resources(aws, stack) for stack in dev.stacks} == wanted


def test_a_deployed_stage_shows_no_difference(
    dev: Deployment, projection: Path, cdk: CommandLine
) -> None:
    finished = cdk.diff(projection, "dev/*", by=root_of(DEV))

    assert finished.returncode == 0, finished.stderr
    assert "read-only change set" in said(finished)
    assert "Number of stacks with differences: 0" in said(finished)


def test_a_change_shows_as_a_difference(
    dev: Deployment, changed: Callable[[Change], Path], cdk: CommandLine
) -> None:
    training = ("dev/*-Training", "--exclusively")

    finished = cdk.diff(changed(shorter_logs), *training, by=root_of(DEV))

    assert finished.returncode == 1
    assert re.search(r"RetentionInDays.*\[-\] 30.*\[\+\] 14", said(finished), re.DOTALL)
    assert "Number of stacks with differences: 1" in said(finished)
