from collections.abc import Callable
from typing import Any, get_args

import pytest

from mlops.rollout import Strategy
from mlops_constructs.validation import endpoints

Template = dict[str, Any]
Details = Callable[..., list[str]]


def properties(template: Template) -> Any:
    return template["Resources"]["Endpoint"]["Properties"]


def policy(template: Template) -> Any:
    return properties(template)["DeploymentConfig"]["BlueGreenUpdatePolicy"]


def routing(template: Template) -> Any:
    return policy(template)["TrafficRoutingConfiguration"]


def variants(template: Template) -> Any:
    return template["Resources"]["Config"]["Properties"]["ProductionVariants"]


def make_linear(template: Template, percent: int) -> None:
    del routing(template)["CanarySize"]
    step = {"Type": "CAPACITY_PERCENT", "Value": percent}
    routing(template).update(Type="LINEAR", LinearStepSize=step)


@pytest.mark.parametrize("rule", endpoints.RULES, ids=lambda rule: rule.id)
def test_a_valid_endpoint_breaks_no_rule(rule: Any, endpoint: Template, details: Details) -> None:
    assert details(rule, endpoint) == []


@pytest.mark.parametrize("rule", endpoints.RULES, ids=lambda rule: rule.id)
def test_a_template_without_endpoints_breaks_no_rule(rule: Any, details: Details) -> None:
    assert details(rule, {}) == []


@pytest.mark.parametrize("rule", endpoints.RULES[:2] + endpoints.RULES[3:10], ids=lambda r: r.id)
def test_an_endpoint_that_shifts_all_at_once_is_not_judged_as_a_canary(
    rule: Any, endpoint: Template, details: Details
) -> None:
    routing(endpoint).update(Type="ALL_AT_ONCE")

    assert details(rule, endpoint) == []


@pytest.mark.parametrize(("kind", "size"), [("CANARY", "CanarySize"), ("LINEAR", "LinearStepSize")])
def test_a_step_without_a_size_is_found(
    kind: str, size: str, endpoint: Template, details: Details
) -> None:
    del routing(endpoint)["CanarySize"]
    routing(endpoint)["Type"] = kind

    assert details(endpoints.size_is_stated, endpoint) == [f"{size} is missing"]


@pytest.mark.parametrize(
    ("size", "share"),
    [
        ({"Type": "CAPACITY_PERCENT", "Value": 51}, "51 %"),
        ({"Type": "CAPACITY_PERCENT", "Value": "60"}, "60 %"),
        ({"Type": "INSTANCE_COUNT", "Value": 3}, "75 %"),
    ],
)
def test_a_step_above_half_of_the_fleet_is_found(
    size: dict[str, Any], share: str, endpoint: Template, details: Details
) -> None:
    routing(endpoint)["CanarySize"] = size

    assert details(endpoints.step_is_at_most_half, endpoint) == [
        f"CanarySize is {share} of the fleet"
    ]


@pytest.mark.parametrize("value", [50, {"Ref": "Percent"}, None])
def test_a_step_of_half_or_of_unknown_size_is_not_found(
    value: object, endpoint: Template, details: Details
) -> None:
    routing(endpoint)["CanarySize"]["Value"] = value

    assert details(endpoints.step_is_at_most_half, endpoint) == []


def test_an_instance_count_without_a_known_fleet_is_not_judged(
    endpoint: Template, details: Details
) -> None:
    routing(endpoint)["CanarySize"] = {"Type": "INSTANCE_COUNT", "Value": 3}
    properties(endpoint)["EndpointConfigName"] = "made-elsewhere"

    assert details(endpoints.step_is_at_most_half, endpoint) == []


def test_two_update_policies_are_found(endpoint: Template, details: Details) -> None:
    properties(endpoint)["DeploymentConfig"]["RollingUpdatePolicy"] = {}

    assert details(endpoints.one_update_policy, endpoint) == ["two update policies"]


@pytest.mark.parametrize("wait", [None, 0])
def test_a_bake_of_no_time_is_found(wait: int | None, endpoint: Template, details: Details) -> None:
    routing(endpoint)["WaitIntervalInSeconds"] = wait

    assert len(details(endpoints.bake_is_stated, endpoint)) == 1


@pytest.mark.parametrize("wait", [None, 0])
def test_an_old_fleet_that_goes_at_once_is_found(
    wait: int | None, endpoint: Template, details: Details
) -> None:
    policy(endpoint)["TerminationWaitInSeconds"] = wait

    assert len(details(endpoints.old_fleet_waits, endpoint)) == 1


def test_a_timeout_without_room_for_provisioning_is_found(
    endpoint: Template, details: Details
) -> None:
    policy(endpoint)["MaximumExecutionTimeoutInSeconds"] = 2099

    assert details(endpoints.timeout_covers_waits, endpoint) == ["2099 s allowed, 2100 s needed"]


def test_a_linear_deployment_waits_once_per_step(endpoint: Template, details: Details) -> None:
    make_linear(endpoint, 30)

    policy(endpoint)["MaximumExecutionTimeoutInSeconds"] = 3899

    assert details(endpoints.timeout_covers_waits, endpoint) == ["3899 s allowed, 3900 s needed"]


@pytest.mark.parametrize("count", [0, 11])
def test_a_number_of_alarms_that_the_api_refuses_is_found(
    count: int, endpoint: Template, details: Details
) -> None:
    rollback = properties(endpoint)["DeploymentConfig"]["AutoRollbackConfiguration"]
    rollback["Alarms"] = [{"AlarmName": {"Ref": "Errors"}}] * count

    assert details(endpoints.alarms_watch, endpoint) == [f"{count} alarms"]


def test_a_rollback_alarm_that_is_not_in_the_stack_is_found(
    endpoint: Template, details: Details
) -> None:
    rollback = properties(endpoint)["DeploymentConfig"]["AutoRollbackConfiguration"]
    rollback["Alarms"].append({"AlarmName": "mlops-prod-churn-5xx"})

    assert details(endpoints.rollback_alarms_exist, endpoint) == [
        "no alarm is called mlops-prod-churn-5xx"
    ]


def test_a_bake_shorter_than_the_slowest_alarm_is_found(
    endpoint: Template, details: Details
) -> None:
    endpoint["Resources"]["Latency"]["Properties"]["EvaluationPeriods"] = 8

    assert details(endpoints.bake_covers_detection, endpoint) == [
        "bakes 600 s, the slowest alarm needs 660 s"
    ]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"InitialInstanceCount": 1}, "1 instance"),
        ({"ServerlessConfig": {}}, "a serverless variant"),
        ({"InstanceType": "ml.inf1.xlarge"}, "ml.inf1 takes no part in stepwise deployments"),
    ],
)
def test_a_fleet_that_no_guardrail_covers_is_found(
    change: dict[str, Any], detail: str, endpoint: Template, details: Details
) -> None:
    variants(endpoint)[0].update(change)

    assert details(endpoints.fleet_can_be_guarded, endpoint) == [detail]


def test_two_variants_are_found(endpoint: Template, details: Details) -> None:
    variants(endpoint).append(variants(endpoint)[0])

    assert details(endpoints.fleet_can_be_guarded, endpoint) == ["2 variants"]


def test_an_endpoint_without_a_name_is_found(endpoint: Template, details: Details) -> None:
    del properties(endpoint)["EndpointName"]

    assert details(endpoints.endpoint_is_named, endpoint) == ["EndpointName is missing"]


@pytest.mark.parametrize(
    ("resource", "key"), [("Model", "ModelName"), ("Config", "EndpointConfigName")]
)
def test_a_named_thing_that_cannot_be_replaced_is_found(
    resource: str, key: str, endpoint: Template, details: Details
) -> None:
    endpoint["Resources"][resource]["Properties"][key] = "churn"

    assert details(endpoints.replaced_things_are_unnamed, endpoint) == [f"{key} is churn"]


INSTANCES = [{"VariantPropertyType": "DesiredInstanceCount"}]


def test_an_update_that_resets_a_scaled_fleet_is_found(
    endpoint: Template, details: Details
) -> None:
    kept = dict(properties(endpoint))
    del properties(endpoint)["RetainAllVariantProperties"]

    assert details(endpoints.capacity_has_one_owner, endpoint) == ["a scaled fleet is reset"]

    properties(endpoint).update(kept, ExcludeRetainedVariantProperties=INSTANCES)

    assert details(endpoints.capacity_has_one_owner, endpoint) == ["a scaled fleet is reset"]


def test_an_update_that_keeps_the_size_of_a_fixed_fleet_is_found(
    endpoint: Template, details: Details
) -> None:
    resources = endpoint["Resources"]
    for id_, resource in list(resources.items()):
        if resource["Type"].startswith("AWS::ApplicationAutoScaling::"):
            del resources[id_]

    assert details(endpoints.capacity_has_one_owner, endpoint) == [
        "it leaves DesiredInstanceCount out and nothing scales the endpoint"
    ]

    properties(endpoint)["ExcludeRetainedVariantProperties"] = INSTANCES

    assert details(endpoints.capacity_has_one_owner, endpoint) == []


# Every way in which traffic moves in steps, and what makes each of them worthless.

STEPWISE = ("canary", "linear", "rolling")


def deploy(template: Template, strategy: str) -> Any:
    """Deploy the valid endpoint by a strategy; returns what states the size and the wait."""
    if strategy == "canary":
        return routing(template)
    if strategy == "linear":
        make_linear(template, 50)
        policy(template)["MaximumExecutionTimeoutInSeconds"] = 7200
        return routing(template)
    properties(template)["DeploymentConfig"]["RollingUpdatePolicy"] = {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 600,
        "MaximumExecutionTimeoutInSeconds": 7200,
    }
    del properties(template)["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    return properties(template)["DeploymentConfig"]["RollingUpdatePolicy"]


SIZES = {"canary": "CanarySize", "linear": "LinearStepSize", "rolling": "MaximumBatchSize"}


def _timeout(template: Template, seconds: int) -> None:
    deployment = properties(template)["DeploymentConfig"]
    for name in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy"):
        if name in deployment:
            deployment[name]["MaximumExecutionTimeoutInSeconds"] = seconds


Break = Callable[[Template, Any, str], Any]
BREAKS: dict[str, tuple[Any, Break]] = {
    "no size": (endpoints.size_is_stated, lambda _, steps, size: steps.pop(size)),
    "more than half": (
        endpoints.step_is_at_most_half,
        lambda _, steps, size: steps[size].update(Value=51),
    ),
    "no wait": (
        endpoints.bake_is_stated,
        lambda _, steps, __: steps.update(WaitIntervalInSeconds=0),
    ),
    "too short a timeout": (
        endpoints.timeout_covers_waits,
        lambda template, _, __: _timeout(template, 600),
    ),
    "no alarms": (
        endpoints.alarms_watch,
        lambda template, _, __: properties(template)["DeploymentConfig"].pop(
            "AutoRollbackConfiguration"
        ),
    ),
    "a wait shorter than the alarms need": (
        endpoints.bake_covers_detection,
        lambda _, steps, __: steps.update(WaitIntervalInSeconds=60),
    ),
    "one instance": (
        endpoints.fleet_can_be_guarded,
        lambda template, _, __: variants(template)[0].update(InitialInstanceCount=1),
    ),
    "a family that SageMaker leaves out": (
        endpoints.fleet_can_be_guarded,
        lambda template, _, __: variants(template)[0].update(InstanceType="ml.inf1.xlarge"),
    ),
    "a fleet that an update resets": (
        endpoints.capacity_has_one_owner,
        lambda template, _, __: properties(template).pop("RetainAllVariantProperties"),
    ),
}


@pytest.mark.parametrize("strategy", STEPWISE)
@pytest.mark.parametrize("rule", endpoints.RULES, ids=lambda rule: rule.id)
def test_a_valid_endpoint_of_each_strategy_breaks_no_rule(
    rule: Any, strategy: str, endpoint: Template, details: Details
) -> None:
    deploy(endpoint, strategy)

    assert details(rule, endpoint) == []


@pytest.mark.parametrize("strategy", STEPWISE)
@pytest.mark.parametrize("name", BREAKS)
def test_what_disarms_one_strategy_is_found_in_each(
    name: str, strategy: str, endpoint: Template, details: Details
) -> None:
    rule, broken = BREAKS[name]
    steps = deploy(endpoint, strategy)

    broken(endpoint, steps, SIZES[strategy])

    assert len(details(rule, endpoint)) == 1


def test_every_stepwise_strategy_of_the_contract_is_tried_here() -> None:
    assert {*STEPWISE, "all-at-once"} == set(get_args(Strategy))
