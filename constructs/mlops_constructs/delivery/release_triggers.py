"""What wakes the release automation: decisions in the registry, failed releases, and the clock."""

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops.rollout.record import EVENT_SOURCE, INCONCLUSIVE, ROLLED_BACK
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.permission import Permission
from mlops_constructs.registry.approval_events import REGISTRY_SOURCE, VERSION_CHANGED
from mlops_constructs.service_role import service_role

SWEEP: Final = "rate(15 minutes)"
# A new version decides nothing, it waits for somebody.
_DECISIONS: Final = ["Approved", "Rejected"]
_Schedule = scheduler.CfnSchedule


class ReleaseTriggers(Construct):
    """Two rules on the delivery bus and a sweep; each starts the same build without telling it why.

    EventBridge delivers an event at least once and in no order, and the services send some of them
    with best effort only. So an event is a hint; whatever was missed, the next sweep finds.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: DeliverySite,
        bus: events.IEventBus,
        project: codebuild.IProject,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, id_)
        self._site = site
        self._bus = bus
        self._project = project
        self._dead_letters = dead_letters
        self._role = self._starting_role("events.amazonaws.com", "Role")
        self.decided = self._rule("Decided", "versions approved or rejected", self._decisions())
        self.failed = self._rule("Failed", "releases rolled back or inconclusive", self._failures())
        self._sweep()

    def _decisions(self) -> Mapping[str, Any]:
        names = self._site.names
        return {
            "account": [names.stages.training.account],
            "source": [REGISTRY_SOURCE],
            "detail_type": [VERSION_CHANGED],
            "detail": {
                "ModelPackageGroupName": events.Match.prefix(names.model_package_group("")),
                "ModelApprovalStatus": _DECISIONS,
            },
        }

    def _failures(self) -> Mapping[str, Any]:
        return {
            "account": self._site.stage_accounts,
            "source": [EVENT_SOURCE],
            "detail_type": [ROLLED_BACK, INCONCLUSIVE],
        }

    def _rule(self, id_: str, what: str, pattern: Mapping[str, Any]) -> events.Rule:
        return events.Rule(
            self,
            id_,
            description=f"Triggers the release automation: {what}",
            event_bus=self._bus,
            event_pattern=events.EventPattern(**pattern),
            targets=[
                targets.CodeBuildProject(
                    self._project, event_role=self._role, dead_letter_queue=self._dead_letters
                )
            ],
        )

    def _sweep(self) -> None:
        keep = Permission(
            sid="KeepUndelivered",
            actions=["sqs:SendMessage"],
            resources=[self._dead_letters.queue_arn],
        )
        role = self._starting_role("scheduler.amazonaws.com", "SweepRole", keep)
        _Schedule(
            self,
            "Sweep",
            description="Starts the release automation, in case an event was lost",
            schedule_expression=SWEEP,
            flexible_time_window=_Schedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=_Schedule.TargetProperty(
                arn=self._project.project_arn,
                role_arn=role.role_arn,
                dead_letter_config=_Schedule.DeadLetterConfigProperty(
                    arn=self._dead_letters.queue_arn
                ),
                # The next sweep does the same.
                retry_policy=_Schedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=900, maximum_retry_attempts=3
                ),
            ),
        )

    def _starting_role(self, service: str, id_: str, *more: Permission) -> iam.IRole:
        start = Permission(
            sid="StartTheBuild",
            actions=["codebuild:StartBuild"],
            resources=[self._project.project_arn],
        )
        role = service_role(self, id_, service=service, site=self._site, permissions=[start, *more])
        return role.without_policy_updates()
