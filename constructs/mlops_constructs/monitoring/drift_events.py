"""Carries a drift alarm that turned red to the account where models are trained."""

from aws_cdk import aws_events as events
from constructs import Construct

from mlops_constructs.event_forwarding import forwarded_to
from mlops_constructs.site import Site
from mlops_handlers.training.retraining_events import ALARM_CHANGED, ALARM_SOURCE


class DriftEvents(Construct):
    """A rule of the stage on one model's drift alarm that forwards to the training bus.

    It is made in the training stage as well: there the bus is in the same account.
    """

    def __init__(self, scope: Construct, id_: str, *, site: Site, model: str) -> None:
        super().__init__(scope, id_)
        names = site.names
        self.rule = events.Rule(
            self,
            "Rule",
            description=f"Drift of {model} in {site.stage.name}, to the training stage",
            event_pattern=events.EventPattern(
                source=[ALARM_SOURCE],
                detail_type=[ALARM_CHANGED],
                resources=[names.drift_alarm_arn(site.stage, model)],
                detail={"state": {"value": ["ALARM"]}},
            ),
            targets=[forwarded_to(self, site=site, bus_arn=names.training_bus_arn)],
        )
