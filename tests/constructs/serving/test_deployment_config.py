"""Each strategy in SageMaker's words, within its limits."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.rollout import CanaryPolicy

ALARMS = ["one", "two"]
Rendering = Callable[[CanaryPolicy], dict[str, Any]]


@pytest.fixture(scope="module")
def rendered(render: Callable[..., Any]) -> Rendering:
    from aws_cdk import aws_sagemaker as sagemaker

    from mlops_constructs.serving.deployment_config import deployment_config

    def built(policy: CanaryPolicy) -> dict[str, Any]:
        found = render(
            lambda stack: sagemaker.CfnEndpoint(
                stack,
                "Endpoint",
                endpoint_config_name="config",
                deployment_config=deployment_config(policy, alarms=ALARMS),
            )
        )
        config: dict[str, Any] = found.only("AWS::SageMaker::Endpoint")["DeploymentConfig"]
        return config

    return built


def test_a_canary_states_its_share_and_both_waits(rendered: Rendering) -> None:
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


def test_linear_steps_have_a_step_size(rendered: Rendering) -> None:
    config = rendered(CanaryPolicy(strategy="linear", size_percent=25))

    routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == "LINEAR"
    assert routing["LinearStepSize"] == {"Type": "CAPACITY_PERCENT", "Value": 25}
    assert "CanarySize" not in routing


def test_a_rolling_update_is_the_only_policy_of_its_config(rendered: Rendering) -> None:
    policy = CanaryPolicy(strategy="rolling", size_percent=25, bake_minutes=7)
    config = rendered(policy)

    assert "BlueGreenUpdatePolicy" not in config
    assert config["RollingUpdatePolicy"] == {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        "WaitIntervalInSeconds": 420,
        "MaximumExecutionTimeoutInSeconds": policy.execution_timeout_minutes * 60,
    }


def test_all_at_once_states_the_wait_that_the_api_requires(rendered: Rendering) -> None:
    config = rendered(CanaryPolicy(strategy="all-at-once"))

    routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


@pytest.mark.parametrize("strategy", ["canary", "linear", "rolling", "all-at-once"])
def test_every_strategy_is_rolled_back_by_the_alarms(rendered: Rendering, strategy: Any) -> None:
    config = rendered(CanaryPolicy(strategy=strategy, size_percent=25))

    alarms = config["AutoRollbackConfiguration"]["Alarms"]
    assert alarms == [{"AlarmName": name} for name in ALARMS]
