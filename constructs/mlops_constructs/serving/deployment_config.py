"""A canary policy in SageMaker's words."""

from collections.abc import Sequence

from aws_cdk import aws_sagemaker as sagemaker

from mlops.rollout import CanaryPolicy

_Endpoint = sagemaker.CfnEndpoint


def deployment_config(
    policy: CanaryPolicy, *, alarms: Sequence[str]
) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
    """One update policy, each wait stated, rolled back by these alarms."""
    rolling = policy.strategy == "rolling"
    return _Endpoint.DeploymentConfigProperty(
        blue_green_update_policy=None if rolling else _blue_green(policy),
        rolling_update_policy=_rolling(policy) if rolling else None,
        auto_rollback_configuration=_Endpoint.AutoRollbackConfigProperty(
            alarms=[_Endpoint.AlarmProperty(alarm_name=name) for name in alarms]
        ),
    )


def _blue_green(policy: CanaryPolicy) -> sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty:
    return _Endpoint.BlueGreenUpdatePolicyProperty(
        traffic_routing_configuration=_routing(policy),
        termination_wait_in_seconds=policy.final_bake_minutes * 60,
        maximum_execution_timeout_in_seconds=policy.execution_timeout_minutes * 60,
    )


def _routing(policy: CanaryPolicy) -> sagemaker.CfnEndpoint.TrafficRoutingConfigProperty:
    return _Endpoint.TrafficRoutingConfigProperty(
        type=policy.strategy.upper().replace("-", "_"),
        canary_size=_percent(policy) if policy.strategy == "canary" else None,
        linear_step_size=_percent(policy) if policy.strategy == "linear" else None,
        # The API requires it even where nothing bakes between steps.
        wait_interval_in_seconds=policy.bake_minutes * 60 if policy.guarded else 0,
    )


def _rolling(policy: CanaryPolicy) -> sagemaker.CfnEndpoint.RollingUpdatePolicyProperty:
    return _Endpoint.RollingUpdatePolicyProperty(
        maximum_batch_size=_percent(policy),
        wait_interval_in_seconds=policy.bake_minutes * 60,
        maximum_execution_timeout_in_seconds=policy.execution_timeout_minutes * 60,
    )


def _percent(policy: CanaryPolicy) -> sagemaker.CfnEndpoint.CapacitySizeProperty:
    # A share of the capacity stays right while auto scaling changes the number of instances.
    return _Endpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=policy.size_percent)
