"""Endpoints: what makes a release guarded rather than merely slow.

No template validator compares a deployment's sizes, waits and alarms with each other; the service
does, hours later.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_constructs.validation.alarm_metrics import evaluation_seconds, rollback_alarms
from mlops_constructs.validation.deployment import (
    ENDPOINT,
    ENDPOINT_CONFIG,
    blue_green,
    guarded,
    is_rolling,
    routing,
    step_size,
    stepping,
    update_policy,
    variants,
)
from mlops_constructs.validation.rule import Fault, rule
from mlops_constructs.validation.scaling import is_scaled
from mlops_constructs.validation.template import (
    Properties,
    Template,
    is_true,
    number,
    resources,
    text,
)

_DEPLOYMENT: Final = "Properties.DeploymentConfig"
_HALF: Final = 50
_PROVISIONING_SECONDS: Final = 900


@rule(
    "ML001",
    why="without the size of a step the service refuses the update, in the deployment",
    remedy="give CanarySize for CANARY, LinearStepSize for LINEAR, MaximumBatchSize for rolling",
)
def size_is_stated(template: Template) -> Iterator[Fault]:
    """A stepwise deployment states the size of its step."""
    for logical_id, endpoint in guarded(template):
        name, size = step_size(endpoint)
        if size is None:
            where = _steps_at(endpoint)
            yield Fault(logical_id=logical_id, where=where, detail=f"{name} is missing")


def _steps_at(endpoint: Properties) -> str:
    return f"{_DEPLOYMENT}.{stepping(endpoint)[0]}"


@rule(
    "ML002",
    why="SageMaker takes no canary, linear step or batch above 50 % of the instances",
    remedy="lower the step, or give the variant more instances",
)
def step_is_at_most_half(template: Template) -> Iterator[Fault]:
    """A step moves at most half of the fleet."""
    for logical_id, endpoint in guarded(template):
        name, size = step_size(endpoint)
        share = _share(size or {}, _fleet(template, endpoint))
        if share is not None and share > _HALF:
            detail = f"{name} is {share:g} % of the fleet"
            where = f"{_steps_at(endpoint)}.{name}"
            yield Fault(logical_id=logical_id, where=where, detail=detail)


def _share(size: Mapping[str, Any], instances: float | None) -> float | None:
    value = number(size.get("Value"))
    if value is None or size.get("Type") == "CAPACITY_PERCENT":
        return value
    return 100 * value / instances if instances else None


def _fleet(template: Template, endpoint: Properties) -> float | None:
    counts = [number(v.get("InitialInstanceCount")) for v in variants(template, endpoint)]
    return counts[0] if counts else None


@rule(
    "ML003",
    why="SageMaker takes blue/green or rolling, never both; schemas accept both",
    remedy="remove BlueGreenUpdatePolicy or RollingUpdatePolicy",
)
def one_update_policy(template: Template) -> Iterator[Fault]:
    """An endpoint has one update policy."""
    for logical_id, endpoint in resources(template, ENDPOINT):
        deployment = endpoint.get("DeploymentConfig", {})
        if "BlueGreenUpdatePolicy" in deployment and "RollingUpdatePolicy" in deployment:
            yield Fault(logical_id=logical_id, where=_DEPLOYMENT, detail="two update policies")


@rule(
    "ML004",
    why="the API requires WaitIntervalInSeconds, the CloudFormation schema does not",
    remedy="state WaitIntervalInSeconds",
)
def bake_is_stated(template: Template) -> Iterator[Fault]:
    """A step bakes for a stated time."""
    for logical_id, endpoint in guarded(template):
        if not number(stepping(endpoint)[1].get("WaitIntervalInSeconds")):
            detail = "WaitIntervalInSeconds is missing or 0"
            yield Fault(logical_id=logical_id, where=_steps_at(endpoint), detail=detail)


@rule(
    "ML005",
    why="a TerminationWaitInSeconds of 0, the default, leaves no way back after the last step",
    remedy="let TerminationWaitInSeconds cover the detection time of the alarms",
)
def old_fleet_waits(template: Template) -> Iterator[Fault]:
    """The old fleet outlives the shift; a rolling update keeps none, it waits after each batch."""
    for logical_id, endpoint in guarded(template):
        if is_rolling(endpoint):
            continue
        if not number(blue_green(endpoint).get("TerminationWaitInSeconds")):
            detail = "TerminationWaitInSeconds is missing or 0"
            where = f"{_DEPLOYMENT}.BlueGreenUpdatePolicy"
            yield Fault(logical_id=logical_id, where=where, detail=detail)


@rule(
    "ML006",
    why="a timeout shorter than the waits ends a healthy deployment",
    remedy="raise MaximumExecutionTimeoutInSeconds above all waits plus 15 minutes",
)
def timeout_covers_waits(template: Template) -> Iterator[Fault]:
    """The deployment's timeout covers its waits and the provisioning."""
    for logical_id, endpoint in guarded(template):
        name, policy = update_policy(endpoint)
        timeout = number(policy.get("MaximumExecutionTimeoutInSeconds"))
        needed = _waits(endpoint) + _PROVISIONING_SECONDS
        if timeout is None or timeout < needed:
            detail = f"{timeout or 0:g} s allowed, {needed:g} s needed"
            where = f"{_DEPLOYMENT}.{name}"
            yield Fault(logical_id=logical_id, where=where, detail=detail)


def _waits(endpoint: Properties) -> float:
    wait = number(stepping(endpoint)[1].get("WaitIntervalInSeconds")) or 0
    termination = number(blue_green(endpoint).get("TerminationWaitInSeconds")) or 0
    return _steps(endpoint) * wait + termination


def _steps(endpoint: Properties) -> float:
    if routing(endpoint).get("Type") == "CANARY":
        return 1
    size = step_size(endpoint)[1] or {}
    percent = number(size.get("Value")) if size.get("Type") == "CAPACITY_PERCENT" else None
    return -(-100 // percent) if percent else 1


@rule(
    "ML007",
    why="without alarms nothing rolls back: the canary is only a delay; above ten are refused",
    remedy="name the canary alarms in AutoRollbackConfiguration.Alarms",
)
def alarms_watch(template: Template) -> Iterator[Fault]:
    """A stepwise deployment is watched by one to ten alarms."""
    for logical_id, endpoint in guarded(template):
        rollback = endpoint["DeploymentConfig"].get("AutoRollbackConfiguration", {})
        count = len(rollback.get("Alarms", []))
        if not 1 <= count <= 10:  # noqa: PLR2004  # the API's own limits
            where = f"{_DEPLOYMENT}.AutoRollbackConfiguration"
            yield Fault(logical_id=logical_id, where=where, detail=f"{count} alarms")


@rule(
    "ML008",
    why="SageMaker does not check that an alarm of that name exists; a typo disarms the canary",
    remedy="refer to the alarm resource instead of writing its name",
)
def rollback_alarms_exist(template: Template) -> Iterator[Fault]:
    """A rollback alarm is a metric alarm of the same stack."""
    for logical_id, endpoint in resources(template, ENDPOINT):
        for name, alarm in rollback_alarms(template, endpoint):
            if alarm is None:
                where = f"{_DEPLOYMENT}.AutoRollbackConfiguration.Alarms"
                yield Fault(logical_id=logical_id, where=where, detail=f"no alarm is called {name}")


@rule(
    "ML009",
    why="an alarm needs its evaluation periods and about three minutes of publication to fire",
    remedy="bake for at least (evaluation periods + 3) x period",
)
def bake_covers_detection(template: Template) -> Iterator[Fault]:
    """The bake is longer than the slowest alarm needs."""
    for logical_id, endpoint in guarded(template):
        alarms = [alarm for _, alarm in rollback_alarms(template, endpoint) if alarm]
        needed = max(map(evaluation_seconds, alarms), default=0)
        wait = number(stepping(endpoint)[1].get("WaitIntervalInSeconds"))
        if wait and wait < needed:
            detail = f"bakes {wait:g} s, the slowest alarm needs {needed:g} s"
            yield Fault(logical_id=logical_id, where=_steps_at(endpoint), detail=detail)


@rule(
    "ML010",
    why="guardrails exclude serverless and several variants, fall back silently on ml.inf1, and "
    "half of one instance is none",
    remedy="one variant, at least two instances, another instance family",
)
def fleet_can_be_guarded(template: Template) -> Iterator[Fault]:
    """A guarded endpoint has one variant of two or more real-time instances."""
    for logical_id, endpoint in guarded(template):
        for detail in _obstacles(variants(template, endpoint)):
            where = "Properties.EndpointConfigName"
            yield Fault(logical_id=logical_id, where=where, detail=detail)


def _obstacles(found: list[Mapping[str, Any]]) -> Iterator[str]:
    if len(found) > 1:
        yield f"{len(found)} variants"
    for variant in found:
        count = number(variant.get("InitialInstanceCount"))
        if "ServerlessConfig" in variant:
            yield "a serverless variant"
        elif count is not None and count < 2:  # noqa: PLR2004  # half of it must be one instance
            yield f"{count:g} instance"
        if str(variant.get("InstanceType")).startswith("ml.inf1."):
            yield "ml.inf1 takes no part in stepwise deployments"


@rule(
    "ML011",
    why="callers, alarms and scaling know the endpoint by its name; a generated one changes",
    remedy="set EndpointName from the stage and the model",
)
def endpoint_is_named(template: Template) -> Iterator[Fault]:
    """An endpoint has a stated name."""
    for logical_id, endpoint in resources(template, ENDPOINT):
        if not endpoint.get("EndpointName"):
            yield Fault(logical_id=logical_id, where="Properties", detail="EndpointName is missing")


@rule(
    "ML012",
    why="each of their properties is replaced on change, and a named resource cannot be replaced",
    remedy="leave the name out and refer to the attribute that carries it",
)
def replaced_things_are_unnamed(template: Template) -> Iterator[Fault]:
    """Models, endpoint configs and job definitions have no stated name."""
    for kind, key in _REPLACED.items():
        for logical_id, properties in resources(template, kind):
            if key in properties:
                detail = f"{key} is {text(properties[key])}"
                yield Fault(logical_id=logical_id, where=f"Properties.{key}", detail=detail)


_REPLACED: Final = {
    "AWS::SageMaker::Model": "ModelName",
    ENDPOINT_CONFIG: "EndpointConfigName",
    "AWS::SageMaker::DataQualityJobDefinition": "JobDefinitionName",
    "AWS::SageMaker::ModelQualityJobDefinition": "JobDefinitionName",
    "AWS::SageMaker::ModelBiasJobDefinition": "JobDefinitionName",
    "AWS::SageMaker::ModelExplainabilityJobDefinition": "JobDefinitionName",
}


@rule(
    "ML013",
    why="otherwise a release in the busy hour resets a scaled-out fleet to its initial size, or "
    "the live number of a fixed fleet outlives every change of its InitialInstanceCount",
    remedy="set RetainAllVariantProperties to true; name DesiredInstanceCount in "
    "ExcludeRetainedVariantProperties where nothing scales the endpoint, and nowhere else",
)
def capacity_has_one_owner(template: Template) -> Iterator[Fault]:
    """An update keeps the instances that scaling chose, and gives a fixed fleet its config's."""
    for logical_id, endpoint in guarded(template):
        kept = is_true(endpoint.get("RetainAllVariantProperties"))
        excluded = endpoint.get("ExcludeRetainedVariantProperties") or []
        kept_instances = kept and {"VariantPropertyType": _INSTANCES} not in excluded
        scaled = is_scaled(template, logical_id, endpoint)
        where = "Properties.RetainAllVariantProperties"
        if scaled and not kept_instances:
            yield Fault(logical_id=logical_id, where=where, detail="a scaled fleet is reset")
        if not scaled and kept_instances:
            where = "Properties.ExcludeRetainedVariantProperties"
            detail = f"it leaves {_INSTANCES} out and nothing scales the endpoint"
            yield Fault(logical_id=logical_id, where=where, detail=detail)


_INSTANCES: Final = "DesiredInstanceCount"


RULES: Final = (
    size_is_stated,
    step_is_at_most_half,
    one_update_policy,
    bake_is_stated,
    old_fleet_waits,
    timeout_covers_waits,
    alarms_watch,
    rollback_alarms_exist,
    bake_covers_detection,
    fleet_can_be_guarded,
    endpoint_is_named,
    replaced_things_are_unnamed,
    capacity_has_one_owner,
)
