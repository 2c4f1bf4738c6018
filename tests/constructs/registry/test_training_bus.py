"""The bus takes two kinds of events from the configured accounts, and nothing from anybody else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.registry.training_bus import TrainingBus
from mlops_constructs.site import Site

POLICY = "AWS::Events::EventBusPolicy"


@pytest.fixture(scope="module")
def bus(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    return render(lambda stack: TrainingBus(stack, "DriftEvents", site=site_of("dev")))


def test_the_bus_has_the_name_that_the_stages_forward_to(
    bus: Any, site_of: Callable[..., Site]
) -> None:
    assert bus.only("AWS::Events::EventBus")["Name"] == "acme-training"
    assert site_of("prod").names.training_bus_arn.endswith(":200000000000:event-bus/acme-training")


def test_exactly_the_other_configured_accounts_may_tell(bus: Any) -> None:
    for policy in bus.all(POLICY):
        statement = policy["Statement"]

        assert statement["Effect"] == "Allow"
        assert statement["Action"] == "events:PutEvents"
        assert statement["Resource"].endswith(":200000000000:event-bus/acme-training")
        assert statement["Principal"] == {
            "AWS": [f"arn:aws:iam::{n}00000000000:root" for n in (3, 4)]
        }


def test_they_may_tell_of_alarms_and_of_drift_alone(bus: Any) -> None:
    conditions = [policy["Statement"]["Condition"] for policy in bus.all(POLICY)]

    assert conditions == [
        {
            "ForAllValues:StringEquals": {
                "events:source": source,
                "events:detail-type": detail_type,
            }
        }
        for source, detail_type in (
            ("aws.cloudwatch", "CloudWatch Alarm State Change"),
            ("mlops.monitoring", "Mlops Drift Found"),
        )
    ]


def test_each_statement_has_a_name_of_its_own_in_the_account(bus: Any) -> None:
    assert [policy["StatementId"] for policy in bus.all(POLICY)] == [
        "acme-training-StagesForwardAlarms",
        "acme-training-StagesTellOfDrift",
    ]


def test_no_event_is_archived(bus: Any) -> None:
    assert bus.all("AWS::Events::Archive") == []


def test_where_all_stages_share_an_account_nobody_needs_a_policy(
    render: Callable[..., Any], site_of: Callable[..., Site]
) -> None:
    site = site_of("dev")
    stages = site.names.stages.model_copy(update={"stages": (site.stage,)})
    alone = replace(site, names=Names(stages=stages))

    bus = render(lambda stack: TrainingBus(stack, "DriftEvents", site=alone))

    assert bus.all(POLICY) == []
