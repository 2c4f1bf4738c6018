"""Whether the next update is guarded as planned, in every strategy's own words."""

from dataclasses import replace
from typing import Any

import pytest

from mlops.checks.guardrails import compared, guardrails_of
from mlops.checks.plan import Guardrails
from mlops.checks.result import Status

PLANNED = Guardrails(
    strategy="canary",
    size_percent=10,
    wait_seconds=600,
    final_wait_seconds=300,
    timeout_seconds=3600,
    alarms=("a", "b"),
)
ROLLBACK = {"Alarms": [{"AlarmName": "b"}, {"AlarmName": "a"}]}


def blue_green(**routing: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"WaitIntervalInSeconds": 600, **routing},
            "TerminationWaitInSeconds": 300,
            "MaximumExecutionTimeoutInSeconds": 3600,
        },
        "AutoRollbackConfiguration": ROLLBACK,
    }


SHARE = {"Type": "CAPACITY_PERCENT", "Value": 10}
ROLLING = {
    "RollingUpdatePolicy": {
        "MaximumBatchSize": SHARE,
        "WaitIntervalInSeconds": 600,
        "MaximumExecutionTimeoutInSeconds": 3600,
    },
    "AutoRollbackConfiguration": ROLLBACK,
}


@pytest.mark.parametrize(
    ("described", "planned"),
    [
        (blue_green(Type="CANARY", CanarySize=SHARE), PLANNED),
        (blue_green(Type="LINEAR", LinearStepSize=SHARE), replace(PLANNED, strategy="linear")),
        (
            blue_green(Type="ALL_AT_ONCE"),
            replace(PLANNED, strategy="all-at-once", size_percent=None),
        ),
        (ROLLING, replace(PLANNED, strategy="rolling", final_wait_seconds=None)),
    ],
)
def test_every_strategy_is_understood(described: dict[str, Any], planned: Guardrails) -> None:
    assert guardrails_of(described) == planned


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        (replace(PLANNED, size_percent=20), "size_percent is 10, planned 20"),
        (replace(PLANNED, wait_seconds=60), "wait_seconds is 600, planned 60"),
        (replace(PLANNED, final_wait_seconds=0), "final_wait_seconds is 300, planned 0"),
        (replace(PLANNED, alarms=("a",)), "alarms is ('a', 'b'), planned ('a',)"),
        (replace(PLANNED, strategy="linear"), "strategy is canary, planned linear"),
    ],
)
def test_every_difference_is_told(planned: Guardrails, said: str) -> None:
    described = blue_green(Type="CANARY", CanarySize=SHARE)

    found = compared(described, planned, is_first=False)

    assert (found.status, found.detail) == (Status.FAILED, said)


def test_a_number_of_machines_is_no_share() -> None:
    described = blue_green(Type="CANARY", CanarySize={"Type": "INSTANCE_COUNT", "Value": 10})

    assert guardrails_of(described).size_percent is None


def test_an_endpoint_that_was_never_updated_shows_none_and_that_is_no_failure() -> None:
    assert compared(None, PLANNED, is_first=True).status is Status.SKIPPED


def test_an_update_without_guardrails_is_a_failure() -> None:
    assert compared(None, PLANNED, is_first=False).status is Status.FAILED
