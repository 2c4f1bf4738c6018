"""How a rule of a stage sends what it hears to a bus, in whatever account that is."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs.permission import Permission
from mlops_constructs.service_role import service_role
from mlops_constructs.site import Site


def forwarded_to(scope: Construct, *, site: Site, bus_arn: str) -> targets.EventBus:
    """A target, with a role that puts events on exactly that bus; the stage keeps the rest."""
    put = Permission(sid="Forward", actions=["events:PutEvents"], resources=[bus_arn])
    role = service_role(scope, "Role", service="events.amazonaws.com", site=site, permissions=[put])
    return targets.EventBus(
        events.EventBus.from_event_bus_arn(scope, "Bus", bus_arn),
        role=role.without_policy_updates(),
        dead_letter_queue=sqs.Queue.from_queue_arn(
            scope, "DeadLetters", site.dead_letter_queue_arn
        ),
    )
