"""Somebody who notices a rollback, whether or not a release check comes to it."""

from pathlib import Path
from typing import Final

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.platform_function import PlatformFunction, Task
from mlops_constructs.release import Release
from mlops_constructs.rollout.recording_permissions import (
    record_deployments,
    recording_environment,
    see_deployments,
)

CHANGES: Final = ["SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"]


class RollbackReport(Construct):
    """A function that every change of the endpoint's state wakes, and that then looks for itself.

    The rule asks for no status: its words are not those of the API, and a status that was left out
    would be a rollback that nobody hears of. What fails for good ends in the dead letters, on the
    way to the function and inside it.
    """

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, archive: Path, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        self._release = release
        self.function = PlatformFunction(
            self,
            "Reporter",
            site=release.site,
            model=release.model.name,
            task=_task(release, key_arn=key.key_arn),
            archive=archive,
            key=key,
        ).function
        self.rule = self._rule()

    def _rule(self) -> events.Rule:
        undelivered = sqs.Queue.from_queue_arn(
            self, "DeadLetters", self._release.site.dead_letter_queue_arn
        )
        return events.Rule(
            self,
            "Changes",
            description=f"Every change of state of the endpoint {self._release.endpoint_name}",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=CHANGES,
                detail={"EndpointName": [self._release.endpoint_name]},
            ),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=undelivered)],
        )


def _task(release: Release, *, key_arn: str) -> Task:
    return Task(
        name="rollback-report",
        description=f"Was the last deployment of {release.endpoint_name} rolled back, and why?",
        module="rollout.rollback_report",
        permissions=_permissions(release, key_arn=key_arn),
        minutes=6,
        environment={
            **recording_environment(release),
            "ALARM_PREFIX": release.alarm_prefix,
            "ALARM_KEYS": ",".join(signal.key for signal in release.signals),
            "MINIMUM_INVOCATIONS": str(release.canary.minimum_invocations),
            "SHARE_PERCENT": str(release.watched_share_percent),
            "BAKE_MINUTES": str(release.canary.policy.watched_minutes),
            "DEPLOYMENT_MINUTES": str(release.canary.policy.execution_timeout_minutes),
        },
        dead_letter_queue_arn=release.site.dead_letter_queue_arn,
    )


def _permissions(release: Release, *, key_arn: str) -> list[Permission]:
    return [
        Permission(
            sid="SeeTheEndpoint",
            actions=["sagemaker:DescribeEndpoint"],
            resources=[release.endpoint_arn],
        ),
        *see_deployments(release),
        *record_deployments(release, key_arn=key_arn),
    ]
