from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import scaling

Template = dict[str, Any]
Details = Callable[..., list[str]]


def target(template: Template) -> Any:
    return template["Resources"]["Target"]["Properties"]


@pytest.mark.parametrize("rule", scaling.RULES, ids=lambda rule: rule.id)
def test_a_valid_target_breaks_no_rule(rule: Any, endpoint: Template, details: Details) -> None:
    assert details(rule, endpoint) == []


@pytest.mark.parametrize("rule", scaling.RULES, ids=lambda rule: rule.id)
def test_a_target_of_another_service_is_not_judged(
    rule: Any, endpoint: Template, details: Details
) -> None:
    target(endpoint).update(
        ServiceNamespace="ecs",
        ResourceId="service/a/b",
        ScalableDimension="ecs:service",
        MinCapacity=1,
    )

    assert details(rule, endpoint) == []


@pytest.mark.parametrize("name", ["mlops-prod-other", "mlops-dev-churn"])
def test_a_target_on_another_endpoint_is_found(
    name: str, endpoint: Template, details: Details
) -> None:
    target(endpoint)["ResourceId"] = f"endpoint/{name}/variant/AllTraffic"

    assert details(scaling.target_exists, endpoint) == [
        f"endpoint/{name}/variant/AllTraffic is not in this stack"
    ]


def test_a_target_on_another_variant_is_found(endpoint: Template, details: Details) -> None:
    target(endpoint)["ResourceId"] = "endpoint/mlops-prod-churn/variant/Main"

    assert len(details(scaling.target_exists, endpoint)) == 1


def test_a_target_may_name_the_endpoint_literally(endpoint: Template, details: Details) -> None:
    target(endpoint)["ResourceId"] = "endpoint/mlops-prod-churn/variant/AllTraffic"

    assert details(scaling.target_exists, endpoint) == []


def test_bounds_in_the_wrong_order_are_found(endpoint: Template, details: Details) -> None:
    target(endpoint)["MaxCapacity"] = 1

    assert details(scaling.bounds_are_ordered, endpoint) == ["1 is below 2"]


def test_bounds_that_only_the_deployment_knows_are_not_judged(
    endpoint: Template, details: Details
) -> None:
    target(endpoint)["MaxCapacity"] = {"Ref": "Max"}

    assert details(scaling.bounds_are_ordered, endpoint) == []


def test_another_dimension_is_found(endpoint: Template, details: Details) -> None:
    target(endpoint)["ScalableDimension"] = "sagemaker:variant:DesiredInstances"

    assert details(scaling.dimension_is_instances, endpoint) == [
        "it is sagemaker:variant:DesiredInstances"
    ]


def test_scaling_to_one_behind_a_canary_is_found(endpoint: Template, details: Details) -> None:
    target(endpoint)["MinCapacity"] = 1

    assert details(scaling.canary_keeps_two, endpoint) == ["it is 1"]


def test_scaling_to_one_without_a_canary_is_allowed(endpoint: Template, details: Details) -> None:
    target(endpoint)["MinCapacity"] = 1
    del endpoint["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"]

    assert details(scaling.canary_keeps_two, endpoint) == []
