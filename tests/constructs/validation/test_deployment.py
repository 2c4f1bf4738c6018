from typing import Any

import pytest

from mlops_constructs.validation.deployment import config_of, guarded, step_size, variants

Template = dict[str, Any]


def properties(template: Template) -> Any:
    return template["Resources"]["Endpoint"]["Properties"]


def test_an_endpoint_knows_its_variants_through_its_config(endpoint: Template) -> None:
    assert [v["VariantName"] for v in variants(endpoint, properties(endpoint))] == ["AllTraffic"]


def test_a_config_of_another_stack_is_unknown(endpoint: Template) -> None:
    properties(endpoint)["EndpointConfigName"] = "made-elsewhere"

    assert config_of(endpoint, properties(endpoint)) is None
    assert variants(endpoint, properties(endpoint)) == []


@pytest.mark.parametrize(("kind", "count"), [("CANARY", 1), ("LINEAR", 1), ("ALL_AT_ONCE", 0)])
def test_only_traffic_in_steps_is_guarded(kind: str, count: int, endpoint: Template) -> None:
    policy = properties(endpoint)["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    policy["TrafficRoutingConfiguration"]["Type"] = kind

    assert len(list(guarded(endpoint))) == count


def test_the_size_of_a_canary_has_a_name(endpoint: Template) -> None:
    size = {"Type": "CAPACITY_PERCENT", "Value": 25}

    assert step_size(properties(endpoint)) == ("CanarySize", size)
