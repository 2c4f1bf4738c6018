"""Each strategy in SageMaker's words, within its limits."""

from typing import Any

import pytest

from mlops.rollout import CanaryPolicy
from mlops_constructs.deployed_endpoint import deployment_config

ALARMS = ["one", "two"]


def rendered(policy: CanaryPolicy) -> dict[str, Any]:
    return deployment_config(policy, alarms=ALARMS)


def test_a_canary_states_its_share_and_both_waits() -> None:
    config = rendered(CanaryPolicy(size_percent=20, bake_minutes=10, final_bake_minutes=5))

    assert config["BlueGreenUpdatePolicy"] == {
        "MaximumExecutionTimeoutInSeconds": 3300,
        "TerminationWaitInSeconds": 300,
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 20},
            "WaitIntervalInSeconds": 600,
        },
    }


def test_linear_steps_have_a_step_size() -> None:
    config = rendered(CanaryPolicy(strategy="linear", size_percent=25))

    routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == "LINEAR"
    assert routing["LinearStepSize"] == {"Type": "CAPACITY_PERCENT", "Value": 25}
    assert "CanarySize" not in routing


def test_a_rolling_update_is_the_only_policy_of_its_config() -> None:
    policy = CanaryPolicy(strategy="rolling", size_percent=25, bake_minutes=7)
    config = rendered(policy)

    assert "BlueGreenUpdatePolicy" not in config
    assert config["RollingUpdatePolicy"] == {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        "WaitIntervalInSeconds": 420,
        "MaximumExecutionTimeoutInSeconds": policy.execution_timeout_minutes * 60,
    }


def test_all_at_once_states_the_wait_that_the_api_requires() -> None:
    config = rendered(CanaryPolicy(strategy="all-at-once"))

    routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


@pytest.mark.parametrize("strategy", ["canary", "linear", "rolling", "all-at-once"])
def test_every_strategy_is_rolled_back_by_the_alarms(strategy: Any) -> None:
    config = rendered(CanaryPolicy(strategy=strategy, size_percent=25))

    alarms = config["AutoRollbackConfiguration"]["Alarms"]
    assert alarms == [{"AlarmName": name} for name in ALARMS]
