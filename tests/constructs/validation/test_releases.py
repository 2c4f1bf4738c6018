"""What ties a release together, by its breaches and by what is left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import fresh_alarms, releases, scaling

Template = dict[str, Any]
Details = Callable[..., list[str]]
RULES = (*releases.RULES, *fresh_alarms.RULES, *scaling.RULES)


def resource(template: Template, name: str) -> Any:
    return template["Resources"][name]


def role(*actions: str, on: str) -> Template:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    document = {"Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": document}]}}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_valid_endpoint_breaks_no_rule(rule: Any, endpoint: Template, details: Details) -> None:
    assert details(rule, endpoint) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_template_without_endpoints_breaks_no_rule(rule: Any, details: Details) -> None:
    assert details(rule, {}) == []


def test_an_alarm_is_waited_for_by_reference_or_by_name(
    endpoint: Template, details: Details
) -> None:
    del resource(endpoint, "Endpoint")["DependsOn"]

    assert details(releases.alarms_come_first, endpoint) == ["it does not wait for Latency"]


def test_a_renamed_variant_is_found(endpoint: Template, details: Details) -> None:
    resource(endpoint, "Config")["Properties"]["ProductionVariants"][0]["VariantName"] = "Main"

    assert details(releases.variant_is_constant, endpoint) == ["it is Main"]


@pytest.mark.parametrize("name", ["Model", "Config"])
def test_what_a_rollback_needs_and_a_release_deletes_is_found(
    name: str, endpoint: Template, details: Details
) -> None:
    del resource(endpoint, name)["UpdateReplacePolicy"]

    assert details(releases.replaced_releases_are_kept, endpoint) == ["it is None"]


@pytest.mark.parametrize(
    ("actions", "names", "blind"),
    [
        (["cloudwatch:DescribeAlarms"], "mlops-prod-churn-*", 0),
        (["cloudwatch:DescribeAlarms"], "mlops-prod-churn-5xx-*", 1),
        (["cloudwatch:ListMetrics"], "*", 2),
    ],
)
def test_a_role_that_cannot_see_an_alarm_is_found(
    actions: list[str], names: str, blind: int, endpoint: Template, details: Details
) -> None:
    endpoint["Resources"]["Role"] = role(*actions, on=f"arn:aws:cloudwatch:r:1:alarm:{names}")
    model = resource(endpoint, "Model")["Properties"]
    model["ExecutionRoleArn"] = {"Fn::GetAtt": ["Role", "Arn"]}

    assert len(details(releases.alarms_can_be_seen, endpoint)) == blind


def test_metrics_that_sagemaker_would_choose_are_found(
    endpoint: Template, details: Details
) -> None:
    resource(endpoint, "Config")["Properties"]["MetricsConfig"] = {"EnableEnhancedMetrics": False}

    assert details(releases.metrics_are_stated, endpoint) == [
        "EnableDetailedObservability is missing"
    ]


def test_captures_without_content_types_are_found(endpoint: Template, details: Details) -> None:
    capture = resource(endpoint, "Config")["Properties"]["DataCaptureConfig"]
    del capture["CaptureContentTypeHeader"]["CsvContentTypes"]

    assert details(releases.captures_are_readable, endpoint) == ["no CsvContentTypes"]


def test_no_capture_needs_no_content_types(endpoint: Template, details: Details) -> None:
    del resource(endpoint, "Config")["Properties"]["DataCaptureConfig"]

    assert details(releases.captures_are_readable, endpoint) == []


def test_an_alarm_of_three_data_points_is_found(endpoint: Template, details: Details) -> None:
    del resource(endpoint, "Latency")["Properties"]["DatapointsToAlarm"]

    assert details(fresh_alarms.few_datapoints_decide, endpoint) == ["it needs 3"]


def test_an_alarm_of_another_release_is_found(endpoint: Template, details: Details) -> None:
    resource(endpoint, "Config")["Properties"]["Tags"][0]["Value"] = "new"

    assert details(fresh_alarms.alarms_are_fresh, endpoint) == [
        "mlops-prod-churn-5xx-0123abcd does not end in the release new",
        "mlops-prod-churn-latency-0123abcd does not end in the release new",
    ]


def test_a_model_that_does_not_carry_the_release_is_found(
    endpoint: Template, details: Details
) -> None:
    del resource(endpoint, "Model")["Properties"]["Containers"][0]["Environment"]

    assert details(fresh_alarms.settings_travel_with_the_config, endpoint) == ["it is not 0123abcd"]


def test_an_alarm_with_a_unit_is_found(endpoint: Template, details: Details) -> None:
    resource(endpoint, "Latency")["Properties"]["Unit"] = "Milliseconds"

    assert details(fresh_alarms.alarms_take_every_unit, endpoint) == ["it is Milliseconds"]


def test_a_target_that_only_names_its_endpoint_is_found(
    endpoint: Template, details: Details
) -> None:
    name = "endpoint/mlops-prod-churn/variant/AllTraffic"
    resource(endpoint, "Target")["Properties"]["ResourceId"] = name

    assert details(scaling.targets_follow_their_endpoint, endpoint) == [
        f"{name} is not a reference"
    ]
