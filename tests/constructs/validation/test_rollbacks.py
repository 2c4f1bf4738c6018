"""Somebody hears of every change of a guarded endpoint, or the rule objects."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation.rollbacks import rollbacks_are_noticed

Template = dict[str, Any]
Details = Callable[..., list[str]]
DEPLOYMENT = "SageMaker Endpoint Deployment State Change"
BOTH = f"SageMaker Endpoint State Change, {DEPLOYMENT}"


def changes(template: Template) -> Any:
    return template["Resources"]["Changes"]["Properties"]


def test_an_endpoint_whose_changes_are_heard_is_fine(endpoint: Template, details: Details) -> None:
    assert details(rollbacks_are_noticed, endpoint) == []


def test_a_template_without_endpoints_needs_nobody(details: Details) -> None:
    assert details(rollbacks_are_noticed, {}) == []


def test_an_endpoint_without_guardrails_rolls_nothing_back(
    endpoint: Template, details: Details
) -> None:
    del endpoint["Resources"]["Changes"]
    del endpoint["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"]

    assert details(rollbacks_are_noticed, endpoint) == []


def test_without_a_rule_nobody_hears(endpoint: Template, details: Details) -> None:
    del endpoint["Resources"]["Changes"]

    assert details(rollbacks_are_noticed, endpoint) == [f"not reported: {BOTH}"]


def test_two_rules_may_share_the_work(endpoint: Template, details: Details) -> None:
    pattern = changes(endpoint)["EventPattern"]
    other = {**changes(endpoint), "EventPattern": {**pattern, "detail-type": [DEPLOYMENT]}}
    pattern["detail-type"] = ["SageMaker Endpoint State Change"]
    endpoint["Resources"]["Other"] = {"Type": "AWS::Events::Rule", "Properties": other}

    assert details(rollbacks_are_noticed, endpoint) == []
    del endpoint["Resources"]["Other"]
    assert details(rollbacks_are_noticed, endpoint) == [f"not reported: {DEPLOYMENT}"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", ["aws.events"]),
        ("detail", {"EndpointName": ["mlops-prod-other"]}),
        ("detail", {"EndpointName": ["mlops-prod-churn"], "EndpointStatus": ["IN_SERVICE"]}),
        ("detail", {}),
        ("account", ["222222222222"]),
    ],
    ids=str,
)
def test_a_pattern_that_lets_less_than_everything_through_is_found(
    endpoint: Template, details: Details, key: str, value: Any
) -> None:
    changes(endpoint)["EventPattern"][key] = value

    assert details(rollbacks_are_noticed, endpoint) == [f"not reported: {BOTH}"]


@pytest.mark.parametrize(("key", "value"), [("State", "DISABLED"), ("Targets", [])])
def test_a_rule_that_wakes_nobody_is_found(
    endpoint: Template, details: Details, key: str, value: Any
) -> None:
    changes(endpoint)[key] = value

    assert details(rollbacks_are_noticed, endpoint) == [f"not reported: {BOTH}"]
