"""The bus takes events from the configured accounts and from nobody else, and keeps none."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery_bus import DeliveryBus
from mlops_constructs.delivery_site import DeliverySite


@pytest.fixture(scope="module")
def bus(render: Callable[..., Any], names: Names) -> Any:
    return render(lambda stack: DeliveryBus(stack, "Events", site=DeliverySite(names=names)))


def test_the_bus_has_the_name_that_the_registry_forwards_to(bus: Any) -> None:
    assert bus.only("AWS::Events::EventBus")["Name"] == "acme-delivery"


def test_exactly_the_configured_accounts_may_report(bus: Any) -> None:
    policy = bus.only("AWS::Events::EventBusPolicy")

    # The account knows a statement by this name alone, whichever bus it is on.
    assert policy["StatementId"] == "acme-delivery-StagesReport"
    assert policy["Statement"] == {
        "Effect": "Allow",
        "Principal": {
            "AWS": [f"arn:aws:iam::{n}00000000000:root" for n in (2, 3, 4)],
        },
        "Action": "events:PutEvents",
        "Resource": "arn:aws:events:eu-west-1:100000000000:event-bus/acme-delivery",
    }


def test_no_event_is_archived(bus: Any) -> None:
    assert bus.all("AWS::Events::Archive") == []


def test_a_stage_in_the_delivery_account_needs_no_policy(
    render: Callable[..., Any], names: Names
) -> None:
    delivery = names.stages.delivery
    home = names.stages.stages[0].model_copy(update={"account": delivery.account})
    alone = Names(stages=names.stages.model_copy(update={"stages": (home,)}))

    bus = render(lambda stack: DeliveryBus(stack, "Events", site=DeliverySite(names=alone)))

    assert bus.all("AWS::Events::EventBusPolicy") == []
