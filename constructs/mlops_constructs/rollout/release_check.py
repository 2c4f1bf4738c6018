"""Fails a promotion whose release did not prove itself."""

from pathlib import Path
from typing import Final

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops.rollout.content import UNRECORDED
from mlops_constructs.handler_archive import CONTRACT
from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.release import Release
from mlops_constructs.rollout.recording_permissions import (
    record_deployments,
    recording_environment,
    see_deployments,
)

_MINUTES: Final = 10


class ReleaseCheck(Construct):
    """A custom resource that succeeds only while the endpoint runs the requested release.

    It changes nothing that serves, so deleting it or rolling it back always succeeds. What it finds
    it records, in a parameter that is not a stack's and outlives them all.
    """

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, archive: Path, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        function = PlatformFunction(
            self,
            "Checker",
            site=release.site,
            model=release.model.name,
            task=_task(release, key_arn=key.key_arn),
            archive=archive,
            key=key,
        ).function
        CustomResource(
            self,
            "Check",
            resource_type="Custom::ReleaseCheck",
            service_token=function.function_arn,
            service_timeout=Duration.minutes(_MINUTES + 2),
            properties=_expectation(release),
        )


def _expectation(release: Release) -> dict[str, object]:
    """What has to be true, as literals: a value of the serving stack would prove itself."""
    return {
        "EndpointName": release.endpoint_name,
        "Release": release.hash,
        "ModelPackage": release.package_arn.split(":", 4)[-1],
        "Content": release.content.archive if release.content else UNRECORDED,
        "Image": release.content.image if release.content else UNRECORDED,
        "AlarmNames": [release.alarm_name(signal) for signal in release.signals],
        "MinimumInvocations": release.canary.minimum_invocations,
        "SharePercent": release.watched_share_percent,
        "BakeMinutes": release.canary.policy.watched_minutes,
        "DeploymentMinutes": release.canary.policy.execution_timeout_minutes,
    }


def _task(release: Release, *, key_arn: str) -> Task:
    return Task(
        name="release-check",
        description=f"Is the requested release of {release.endpoint_name} live and proven?",
        module="rollout.release_check",
        permissions=_permissions(release, key_arn=key_arn),
        minutes=_MINUTES,
        environment={"CONTRACT": CONTRACT, **recording_environment(release)},
    )


def _permissions(release: Release, *, key_arn: str) -> list[Permission]:
    site = release.site
    return [
        Permission(
            sid="SeeTheEndpoint",
            actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
            resources=[release.endpoint_arn],
        ),
        *see_deployments(release),
        Permission(
            sid="SeeRollbackAlarms",
            actions=["cloudwatch:DescribeAlarms"],
            resources=[site.arn("cloudwatch", f"alarm:{release.alarm_prefix}*")],
            because="each release has alarms of its own; the prefix belongs to this endpoint alone",
        ),
        Permission(
            sid="SeeOwnRollback",
            actions=["cloudformation:DescribeStacks"],
            resources=[site.arn("cloudformation", f"stack/{check_stack_name(release)}/*")],
            because="CloudFormation adds an id to the name of a stack; the name is exact",
        ),
        *record_deployments(release, key_arn=key_arn),
    ]


def check_stack_name(release: Release) -> str:
    """Name of the stack that holds the check, which the check itself asks for its state."""
    return f"{release.site.prefix}-{release.model.name}-release-check"
