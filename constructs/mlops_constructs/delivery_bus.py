"""The bus on which the stages report to the delivery account."""

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.delivery_site import DeliverySite


class DeliveryBus(Construct):
    """A bus that takes events from the configured stages' accounts and from nobody else.

    It keeps no archive: an event only wakes a reader of the current state, so that replaying old
    ones would tell nothing.
    """

    def __init__(self, scope: Construct, id_: str, *, site: DeliverySite) -> None:
        super().__init__(scope, id_)
        self.bus = events.EventBus(self, "Bus", event_bus_name=site.names.event_bus)
        if site.other_accounts:
            self._let_stages_report(site)

    def _let_stages_report(self, site: DeliverySite) -> None:
        self.bus.add_to_resource_policy(
            iam.PolicyStatement(
                sid="StagesReport",
                principals=[iam.AccountPrincipal(account) for account in site.other_accounts],
                actions=["events:PutEvents"],
                resources=[site.names.event_bus_arn],
            )
        )
