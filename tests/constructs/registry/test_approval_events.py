"""Approvals travel to one bus, by a role that can do nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.registry.approval_events import ApprovalEvents
from mlops_constructs.site import Site

BUS = "arn:aws:events:eu-west-1:100000000000:event-bus/acme-delivery"


@pytest.fixture(scope="module")
def events(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    return render(lambda stack: ApprovalEvents(stack, "Approvals", site=site_of("dev")))


def test_the_rule_listens_to_this_platforms_groups(events: Any) -> None:
    assert events.only("AWS::Events::Rule")["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [{"prefix": "acme-"}]},
    }


def test_events_go_to_the_delivery_accounts_bus_or_to_the_dead_letters(events: Any) -> None:
    (target,) = events.only("AWS::Events::Rule")["Targets"]

    assert target["Arn"] == BUS
    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")


def test_the_role_puts_events_on_exactly_that_bus(events: Any) -> None:
    (statements,) = events.roles().values()

    assert list(statements.values()) == [
        {"Sid": "Forward", "Action": "events:PutEvents", "Effect": "Allow", "Resource": BUS}
    ]
    assert events.all("AWS::IAM::Policy") == []
