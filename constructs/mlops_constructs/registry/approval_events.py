"""Carries every approval and rejection in the registry to the delivery account."""

from typing import Final

from aws_cdk import aws_events as events
from constructs import Construct

from mlops_constructs.event_forwarding import forwarded_to
from mlops_constructs.site import Site

REGISTRY_SOURCE: Final = "aws.sagemaker"
VERSION_CHANGED: Final = "SageMaker Model Package State Change"
"""Detail type of every change of a model version, decisions among them."""


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
            targets=[forwarded_to(self, site=site, bus_arn=site.names.event_bus_arn)],
        )

    def _pattern(self) -> events.EventPattern:
        project = f"{self._site.names.project}-"
        return events.EventPattern(
            source=[REGISTRY_SOURCE],
            detail_type=[VERSION_CHANGED],
            detail={"ModelPackageGroupName": events.Match.prefix(project)},
        )
