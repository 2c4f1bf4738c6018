"""The alarms say what the signals say, about the new fleet alone."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.rollout.metric_math import formula_of
from mlops_constructs.release import Release
from mlops_constructs.rollout.rollback_alarms import RollbackAlarms

CONFIG_NAME = {"Fn::GetAtt": ["Config", "EndpointConfigName"]}


@pytest.fixture(scope="module")
def alarms(render: Callable[..., Any], release_of: Callable[..., Release]) -> Any:
    from aws_cdk import aws_sagemaker as sagemaker

    def build(stack: Any) -> None:
        config = sagemaker.CfnEndpointConfig(stack, "Config", production_variants=[])
        RollbackAlarms(stack, "Rollback", release=release_of(), config=config)

    found = render(build).all("AWS::CloudWatch::Alarm")
    prefix = release_of().alarm_prefix
    return {alarm["AlarmName"].removeprefix(prefix).rpartition("-")[0]: alarm for alarm in found}


def test_there_is_one_alarm_for_each_signal(
    alarms: Any, release_of: Callable[..., Release]
) -> None:
    release = release_of()

    names = {alarm["AlarmName"] for alarm in alarms.values()}
    assert names == {release.alarm_name(signal) for signal in release.signals}


def test_every_alarm_is_what_its_signal_evaluates(
    alarms: Any, release_of: Callable[..., Release]
) -> None:
    for signal in release_of().signals:
        alarm, model = alarms[signal.key], signal.alarm
        assert alarm["Threshold"] == model.threshold
        assert alarm["EvaluationPeriods"] == model.evaluation_periods
        assert alarm["DatapointsToAlarm"] == model.datapoints_to_alarm
        assert alarm["ComparisonOperator"] == model.comparison.value
        assert alarm["TreatMissingData"] == model.missing_data.value
        if signal.formula is None:
            assert alarm["Period"] == model.period_seconds
            assert alarm.get("Statistic", alarm.get("ExtendedStatistic")) == model.statistic
        else:
            assert formula_of(alarm["Metrics"]) == signal.formula
            assert {
                query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query
            } == {model.period_seconds}
            assert [q["Id"] for q in alarm["Metrics"] if q["ReturnData"]] == ["result"]


def _dimensions(metric: Any) -> Any:
    return {entry["Name"]: entry["Value"] for entry in metric["Dimensions"]}


ENDPOINT = {"EndpointName": "acme-prod-churn", "VariantName": "AllTraffic"}
NEW_FLEET = ENDPOINT | {"EndpointConfigName": CONFIG_NAME}


def test_invocation_metrics_are_those_of_the_new_config(alarms: Any) -> None:
    for key in ("server-errors", "latency"):
        assert _dimensions(alarms[key]) == NEW_FLEET
    for query in alarms["model-errors"]["Metrics"]:
        assert "MetricStat" not in query or _dimensions(query["MetricStat"]["Metric"]) == NEW_FLEET


def test_refusals_of_the_new_fleet_are_set_against_those_of_both(alarms: Any) -> None:
    found = {
        query["Id"]: (query["MetricStat"]["Metric"]["MetricName"], _dimensions(metric))
        for query in alarms["client-errors"]["Metrics"]
        if "MetricStat" in query
        for metric in [query["MetricStat"]["Metric"]]
    }

    assert found == {
        "refused": ("Invocation4XXErrors", NEW_FLEET),
        "requests": ("Invocations", NEW_FLEET),
        "all_refused": ("Invocation4XXErrors", ENDPOINT),
        "all_requests": ("Invocations", ENDPOINT),
    }


def test_wrong_answers_are_those_of_the_version(alarms: Any) -> None:
    dimensions = {d["Name"]: d["Value"] for d in alarms["wrong-answers"]["Dimensions"]}

    assert dimensions == {"EndpointName": "acme-prod-churn", "ModelVersion": "3"}


def test_a_percentile_of_few_requests_is_judged_all_the_same(alarms: Any) -> None:
    latency = alarms["latency"]

    assert latency["ExtendedStatistic"] == "p99"
    assert latency["EvaluateLowSampleCountPercentile"] == "evaluate"
    assert "Unit" not in latency


def test_people_hear_of_a_rollback_and_where_to_read_on(alarms: Any) -> None:
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == ["arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"]
        assert "docs/runbooks/canary-rolled-back.md" in alarm["AlarmDescription"]


def test_a_metric_of_the_models_own_is_watched_per_version(
    render: Callable[..., Any], release_of: Callable[..., Release]
) -> None:
    from aws_cdk import aws_sagemaker as sagemaker

    own = {"name": "surge", "namespace": "Bikes/Serving", "metric": "Surge", "statistic": "p99"}
    release = release_of(canary={"alarms": {"metrics": [{**own, "threshold": 0.3}]}})

    def build(stack: Any) -> None:
        config = sagemaker.CfnEndpointConfig(stack, "Config", production_variants=[])
        RollbackAlarms(stack, "Rollback", release=release, config=config)

    found = render(build).all("AWS::CloudWatch::Alarm")
    (alarm,) = [alarm for alarm in found if alarm.get("Namespace") == "Bikes/Serving"]
    assert alarm["AlarmName"] == f"acme-prod-churn-rollback-surge-{release.hash}"
    assert (alarm["ExtendedStatistic"], alarm["Threshold"]) == ("p99", 0.3)
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {
        "EndpointName": "acme-prod-churn",
        "ModelVersion": "3",
    }
