"""What a rule forwards goes to one bus, by a role that can do nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_events as events

from mlops_constructs.event_forwarding import forwarded_to
from mlops_constructs.site import Site

BUS = "arn:aws:events:eu-west-1:999999999999:event-bus/elsewhere"


@pytest.fixture(scope="module")
def forwarding(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    def build(stack: Stack) -> None:
        target = forwarded_to(stack, site=site_of("dev"), bus_arn=BUS)
        pattern = events.EventPattern(source=["aws.sagemaker"])
        events.Rule(stack, "Rule", event_pattern=pattern, targets=[target])

    return render(build)


def test_events_go_to_the_bus_or_to_the_dead_letters(forwarding: Any) -> None:
    (target,) = forwarding.only("AWS::Events::Rule")["Targets"]

    assert target["Arn"] == BUS
    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")


def test_the_role_puts_events_on_exactly_that_bus(forwarding: Any) -> None:
    (statements,) = forwarding.roles().values()

    assert list(statements.values()) == [
        {"Sid": "Forward", "Action": "events:PutEvents", "Effect": "Allow", "Resource": BUS}
    ]
    assert forwarding.all("AWS::IAM::Policy") == []


def test_eventbridge_takes_the_role_for_this_account_alone(forwarding: Any) -> None:
    (trust,) = forwarding.only("AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "200000000000"}}
