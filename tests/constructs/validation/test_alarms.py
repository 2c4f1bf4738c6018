from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import alarms

Template = dict[str, Any]
Details = Callable[..., list[str]]


def errors(template: Template) -> Any:
    return template["Resources"]["Errors"]["Properties"]


def latency(template: Template) -> Any:
    return template["Resources"]["Latency"]["Properties"]["Metrics"][0]["MetricStat"]["Metric"]


@pytest.mark.parametrize("rule", alarms.RULES, ids=lambda rule: rule.id)
def test_valid_alarms_break_no_rule(rule: Any, endpoint: Template, details: Details) -> None:
    assert details(rule, endpoint) == []


@pytest.mark.parametrize("setting", ["missing", "ignore", "breaching", None])
def test_a_rollback_alarm_that_does_not_take_silence_for_health_is_found(
    setting: str | None, endpoint: Template, details: Details
) -> None:
    errors(endpoint)["TreatMissingData"] = setting

    assert details(alarms.silence_is_no_breach, endpoint) == [f"it is {setting}"]


def test_an_alarm_that_guards_nothing_may_treat_silence_as_it_likes(
    endpoint: Template, details: Details
) -> None:
    endpoint["Resources"]["Queue"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {"TreatMissingData": "breaching", "Threshold": 5},
    }

    assert details(alarms.silence_is_no_breach, endpoint) == []


def test_an_alarm_over_both_fleets_is_found(endpoint: Template, details: Details) -> None:
    latency(endpoint)["Dimensions"].pop()

    assert details(alarms.new_fleet_is_watched, endpoint) == [
        "ModelLatency lacks EndpointConfigName"
    ]


def test_an_alarm_on_another_config_is_found(endpoint: Template, details: Details) -> None:
    latency(endpoint)["Dimensions"][2]["Value"] = "churn-2"

    assert details(alarms.new_fleet_is_watched, endpoint) == [
        "ModelLatency is of another endpoint config"
    ]


def test_an_alarm_on_an_instance_metric_needs_no_config(
    endpoint: Template, details: Details
) -> None:
    latency(endpoint).update(Namespace="/aws/sagemaker/Endpoints", MetricName="CPUUtilization")
    latency(endpoint)["Dimensions"].pop()

    assert details(alarms.new_fleet_is_watched, endpoint) == []


def test_an_alarm_on_a_variant_that_is_not_there_is_found(
    endpoint: Template, details: Details
) -> None:
    errors(endpoint)["Dimensions"][1]["Value"] = "Main"

    assert details(alarms.variant_exists, endpoint) == ["'Main' is not one of ['AllTraffic']"]


@pytest.mark.parametrize("threshold", [1, "1", 5, -0.1])
def test_an_error_ratio_that_cannot_be_exceeded_is_found(
    threshold: object, endpoint: Template, details: Details
) -> None:
    errors(endpoint)["Threshold"] = threshold

    assert len(details(alarms.ratio_can_be_exceeded, endpoint)) == 1


def test_a_count_of_errors_may_have_any_threshold(endpoint: Template, details: Details) -> None:
    errors(endpoint).update(Statistic="Sum", Threshold=5)

    assert details(alarms.ratio_can_be_exceeded, endpoint) == []


def test_a_quotient_of_metrics_is_a_ratio(endpoint: Template, details: Details) -> None:
    queries = endpoint["Resources"]["Latency"]["Properties"]["Metrics"]
    queries[0]["MetricStat"]["Stat"] = "Sum"
    latency(endpoint)["MetricName"] = "Invocation5XXErrors"
    queries.append({"Id": "ratio", "Expression": "errors / invocations"})

    assert details(alarms.ratio_can_be_exceeded, endpoint) == ["a ratio never exceeds 200000"]
