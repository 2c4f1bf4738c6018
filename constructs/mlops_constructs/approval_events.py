"""Carries every approval and rejection in the registry to the delivery account."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site


class ApprovalEvents(Construct):
    """A rule on this platform's groups that forwards to the delivery bus.

    Events only wake the consumer: they may come twice, and late.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.rule = events.Rule(
            self,
            "Rule",
            description="Approvals and rejections of model versions, to the delivery account",
            event_pattern=self._pattern(),
            targets=[self._delivery_bus()],
        )

    def _pattern(self) -> events.EventPattern:
        project = f"{self._site.names.project}-"
        return events.EventPattern(
            source=["aws.sagemaker"],
            detail_type=["SageMaker Model Package State Change"],
            detail={"ModelPackageGroupName": events.Match.prefix(project)},
        )

    def _delivery_bus(self) -> targets.EventBus:
        bus_arn = self._site.names.event_bus_arn
        return targets.EventBus(
            events.EventBus.from_event_bus_arn(self, "Bus", bus_arn),
            role=self._role(bus_arn),
            dead_letter_queue=sqs.Queue.from_queue_arn(
                self, "DeadLetters", self._site.dead_letter_queue_arn
            ),
        )

    def _role(self, bus_arn: str) -> iam.IRole:
        put = Permission(sid="Forward", actions=["events:PutEvents"], resources=[bus_arn])
        role = service_role(
            self, "Role", service="events.amazonaws.com", site=self._site, permissions=[put]
        )
        return role.without_policy_updates()
