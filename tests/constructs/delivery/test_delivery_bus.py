"""The bus takes events from the configured accounts and from nobody else, and keeps none."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.delivery.delivery_bus import DeliveryBus
from mlops_constructs.delivery_site import DeliverySite


@pytest.fixture(scope="module")
def bus(render: Callable[..., Any], names: Names) -> Any:
    return render(lambda stack: DeliveryBus(stack, "Events", site=DeliverySite(names=names)))


def test_the_bus_has_the_name_that_the_registry_forwards_to(bus: Any) -> None:
    assert bus.only("AWS::Events::EventBus")["Name"] == "acme-delivery"


def test_exactly_the_configured_accounts_may_report_failed_releases(bus: Any) -> None:
    policy = policy_of(bus, "StagesReport")

    # The account knows a statement by this name alone, whichever bus it is on.
    assert policy["StatementId"] == "acme-delivery-StagesReport"
    assert policy["Statement"] == {
        "Effect": "Allow",
        "Principal": {
            "AWS": [f"arn:aws:iam::{n}00000000000:root" for n in (2, 3, 4)],
        },
        "Action": "events:PutEvents",
        "Resource": "arn:aws:events:eu-west-1:100000000000:event-bus/acme-delivery",
        "Condition": {
            "ForAllValues:StringEquals": {
                "events:source": "mlops.releases",
                "events:detail-type": ["Mlops Release Inconclusive", "Mlops Release Rolled Back"],
            }
        },
    }


def test_only_the_account_of_the_registry_tells_of_decisions(bus: Any) -> None:
    statement = policy_of(bus, "RegistryDecides")["Statement"]

    assert statement["Principal"] == {"AWS": "arn:aws:iam::200000000000:root"}
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {
            "events:source": "aws.sagemaker",
            "events:detail-type": ["SageMaker Model Package State Change"],
        }
    }


def policy_of(bus: Any, sid: str) -> dict[str, Any]:
    found = (
        one
        for one in bus.all("AWS::Events::EventBusPolicy")
        if one["StatementId"].endswith(f"-{sid}")
    )
    policy: dict[str, Any] = next(found)
    return policy


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
