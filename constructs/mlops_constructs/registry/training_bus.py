"""The bus on which the stages tell the training stage of drift."""

from typing import Final

from aws_cdk import CfnResource
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.organization import for_members
from mlops_constructs.site import Site
from mlops_handlers.drift_events import DRIFT_FOUND, DRIFT_SOURCE
from mlops_handlers.training.retraining_events import (
    ALARM_CHANGED,
    ALARM_SOURCE,
)

_HEARD: Final = {
    "StagesForwardAlarms": (ALARM_SOURCE, ALARM_CHANGED),
    "StagesTellOfDrift": (DRIFT_SOURCE, DRIFT_FOUND),
}


class TrainingBus(Construct):
    """A bus that takes two kinds of events, from the other configured stages' accounts alone.

    AWS refuses whoever puts an event under a source of its own, so that a change of an alarm is
    one. The bus keeps no archive: an event only wakes whoever reads the current state.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site) -> None:
        super().__init__(scope, id_)
        self._site = site
        self.bus = events.EventBus(self, "Bus", event_bus_name=site.names.training_bus)
        if site.model_readers:
            for sid, (source, detail_type) in _HEARD.items():
                self._admit(sid, source, detail_type)

    def _admit(self, sid: str, source: str, detail_type: str) -> None:
        statement = iam.PolicyStatement(
            principals=[iam.AccountPrincipal(account) for account in self._site.model_readers],
            actions=["events:PutEvents"],
            resources=[self._site.names.training_bus_arn],
            conditions=for_members(
                self._site.names,
                {
                    # A call brings several events; EventBridge takes none without these fields.
                    "ForAllValues:StringEquals": {
                        "events:source": source,
                        "events:detail-type": detail_type,
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
                "StatementId": f"{self._site.names.training_bus}-{sid}",
                "Statement": statement.to_statement_json(),
            },
        )
