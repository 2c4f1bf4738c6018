"""The bus on which the stages report to the delivery account."""

from collections.abc import Sequence

from aws_cdk import CfnResource
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops.rollout.record import EVENT_SOURCE, INCONCLUSIVE, ROLLED_BACK
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.organization import for_members
from mlops_constructs.registry.approval_events import REGISTRY_SOURCE, VERSION_CHANGED


class DeliveryBus(Construct):
    """A bus that takes decisions from the registry's account and failed releases from the stages'.

    AWS refuses whoever puts an event under a source of its own, so that a decision in the registry
    is one. The bus keeps no archive: an event only wakes a reader of the current state, so that
    replaying old ones would tell nothing.
    """

    def __init__(self, scope: Construct, id_: str, *, site: DeliverySite) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.bus = events.EventBus(self, "Bus", event_bus_name=site.names.event_bus)
        others = site.other_accounts
        if others:
            self._admit("StagesReport", others, EVENT_SOURCE, [INCONCLUSIVE, ROLLED_BACK])
        training = site.names.stages.training.account
        if training in others:
            self._admit("RegistryDecides", [training], REGISTRY_SOURCE, [VERSION_CHANGED])

    def _admit(
        self, sid: str, accounts: Sequence[str], source: str, detail_types: Sequence[str]
    ) -> None:
        statement = iam.PolicyStatement(
            principals=[iam.AccountPrincipal(account) for account in accounts],
            actions=["events:PutEvents"],
            resources=[self._site.names.event_bus_arn],
            conditions=for_members(
                self._site.names,
                {
                    # A call brings several events; EventBridge takes none without these fields.
                    "ForAllValues:StringEquals": {
                        "events:source": source,
                        "events:detail-type": list(detail_types),
                    }
                },
            ),
        )
        # Not the library's own classes: they touch a deprecated property, so every synthesis warns.
        CfnResource(
            self,
            sid,
            type="AWS::Events::EventBusPolicy",
            properties={
                "EventBusName": self.bus.event_bus_name,
                # Unique in the account and not only on the bus.
                "StatementId": f"{self._site.names.event_bus}-{sid}",
                "Statement": statement.to_statement_json(),
            },
        )
