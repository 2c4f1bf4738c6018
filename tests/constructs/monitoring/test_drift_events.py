"""One model's red drift alarm travels to the training stage, from every stage."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.monitoring.drift_events import DriftEvents
from mlops_constructs.site import Site

BUS = "arn:aws:events:eu-west-1:200000000000:event-bus/acme-training"


@pytest.fixture(scope="module")
def events_of(render: Callable[..., Any], site_of: Callable[..., Site]) -> Callable[[str], Any]:
    return lambda stage: render(
        lambda stack: DriftEvents(stack, "DriftEvents", site=site_of(stage), model="churn")
    )


@pytest.fixture(scope="module")
def prod(events_of: Callable[[str], Any]) -> Any:
    return events_of("prod")


def alarm(name: str, state: str, *, account: str = "400000000000") -> dict[str, Any]:
    return {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "account": account,
        "resources": f"arn:aws:cloudwatch:eu-west-1:{account}:alarm:{name}",
        "detail": {"alarmName": name, "state": {"value": state}},
    }


@pytest.mark.parametrize(
    ("name", "state", "is_heard"),
    [
        ("acme-prod-churn-drift", "ALARM", True),
        ("acme-prod-churn-drift", "OK", False),
        ("acme-prod-churn-drift", "INSUFFICIENT_DATA", False),
        ("acme-prod-churn-quality", "ALARM", False),
        ("acme-prod-fraud-drift", "ALARM", False),
    ],
)
def test_the_models_own_drift_alarm_is_heard_when_it_turns_red(
    prod: Any, heard: Callable[..., bool], name: str, state: str, is_heard: bool
) -> None:
    pattern = prod.only("AWS::Events::Rule")["EventPattern"]

    assert heard(pattern, alarm(name, state)) is is_heard


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_it_goes_to_the_training_bus_or_to_the_stages_dead_letters(
    events_of: Callable[[str], Any], stage: str
) -> None:
    rule = events_of(stage).only("AWS::Events::Rule")

    (target,) = rule["Targets"]
    assert "EventBusName" not in rule
    assert target["Arn"] == BUS
    assert target["DeadLetterConfig"]["Arn"].endswith(f":acme-{stage}-undelivered")


def test_the_role_puts_events_on_exactly_that_bus(prod: Any) -> None:
    (statements,) = prod.roles().values()

    assert {name: s["Resource"] for name, s in statements.items()} == {"Forward": BUS}
