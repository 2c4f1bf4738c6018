"""The bus on which the stages report to the delivery account."""

from aws_cdk import CfnResource
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
        statement = iam.PolicyStatement(
            principals=[iam.AccountPrincipal(account) for account in site.other_accounts],
            actions=["events:PutEvents"],
            resources=[site.names.event_bus_arn],
        )
        # Not the library's own classes: they touch a deprecated property, so every synthesis warns.
        CfnResource(
            self,
            "StagesReport",
            type="AWS::Events::EventBusPolicy",
            properties={
                "EventBusName": self.bus.event_bus_name,
                # Unique in the account and not only on the bus.
                "StatementId": f"{site.names.event_bus}-StagesReport",
                "Statement": statement.to_statement_json(),
            },
        )
