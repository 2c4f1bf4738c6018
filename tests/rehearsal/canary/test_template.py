"""One valid template, varied per rule."""

from typing import Any

import pytest

from mlops.rehearsal.canary.endpoint import Step
from mlops.rehearsal.canary.rules import BrokenRuleError
from mlops.rehearsal.canary.template import guarded_endpoint
from mlops.rehearsal.local_aws.intrinsics import TemplateError
from mlops.rollout import MissingData

NAME = "mlops-prod-tiny"


def read(site: Any) -> Any:
    return guarded_endpoint(site.read(), NAME)


def deployment(site: Any) -> dict[str, Any]:
    found: dict[str, Any] = site.properties("Endpoint")["DeploymentConfig"]
    return found


def test_every_number_comes_from_the_template(site) -> None:
    endpoint = read(site)

    assert endpoint.instances == 2
    assert endpoint.steps == (Step(share=0.25, bake_seconds=420),)
    assert (endpoint.final_bake_seconds, endpoint.duration_seconds) == (360, 780)
    assert (endpoint.minimum_invocations, endpoint.probes_per_minute) == (50, 40)
    assert endpoint.scaling == (2, 4)
    assert endpoint.container_environment["MODEL_RELEASE"] == "0123456789ab"
    assert [alarm.metric for alarm in endpoint.alarms] == [
        "Invocation5XXErrors",
        "ModelLatency",
        "WrongAnswers",
    ]
    assert not endpoint.backstop


def test_an_alarm_is_read_as_cloudwatch_would(site) -> None:
    errors, latency, _ = read(site).alarms

    assert errors.name == "mlops-prod-tiny-rollback-server-errors-0123456789ab"
    assert (errors.rule.evaluation_periods, errors.rule.datapoints_to_alarm) == (3, 2)
    assert errors.rule.missing_data is MissingData.NOT_BREACHING
    assert (latency.rule.statistic, latency.rule.evaluate_low_samples) == ("p99", True)


def test_the_other_form_of_an_alarm_says_the_same(site) -> None:
    alarm = site.properties("Latency")
    moved = ("Namespace", "MetricName", "Dimensions")
    metric = {key: alarm.pop(key) for key in moved}
    stat = {"Metric": metric, "Period": alarm.pop("Period"), "Stat": alarm.pop("ExtendedStatistic")}
    alarm["Metrics"] = [{"Id": "latency", "MetricStat": stat}]

    latency = read(site).alarms[1]

    assert (latency.metric, latency.rule.statistic, latency.scope) == (
        "ModelLatency",
        "p99",
        "new-fleet",
    )


def test_metric_math_is_refused_by_the_name_of_its_alarm(site) -> None:
    site.properties("Latency")["Metrics"] = [{"Id": "e", "Expression": "m1 / m2"}]

    with pytest.raises(TemplateError, match=r"rollback-latency.*computes with metrics"):
        read(site)


def test_an_alarm_without_the_config_watches_the_whole_endpoint(site) -> None:
    site.properties("ServerErrors")["Dimensions"].pop()

    assert read(site).backstop


def test_a_linear_deployment_climbs_in_equal_steps(site) -> None:
    site.routing.update(Type="LINEAR", WaitIntervalInSeconds=360)
    site.routing["LinearStepSize"] = {"Type": "CAPACITY_PERCENT", "Value": 50}
    del site.routing["CanarySize"]

    assert read(site).steps == (
        Step(share=0.5, bake_seconds=360),
        Step(share=1.0, bake_seconds=360),
    )


def test_a_step_in_instances_is_a_share_of_the_fleet(site) -> None:
    site.routing["CanarySize"] = {"Type": "INSTANCE_COUNT", "Value": 1}

    assert read(site).steps[0].share == 0.5


def test_all_at_once_has_the_final_bake_alone(site) -> None:
    site.routing.clear()
    site.routing.update(Type="ALL_AT_ONCE", WaitIntervalInSeconds=0)

    endpoint = read(site)

    assert (endpoint.steps, endpoint.duration_seconds) == ((), 360)


def test_a_rolling_deployment_moves_batches(site) -> None:
    deployment(site).pop("BlueGreenUpdatePolicy")
    deployment(site)["RollingUpdatePolicy"] = {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 600,
        "MaximumExecutionTimeoutInSeconds": 7200,
    }

    assert [step.share for step in read(site).steps] == [0.5, 1.0]


def no_alarm(site: Any) -> None:
    deployment(site)["AutoRollbackConfiguration"]["Alarms"] = []


def an_alarm_of_nobody(site: Any) -> None:
    deployment(site)["AutoRollbackConfiguration"]["Alarms"][1]["AlarmName"] = "elsewhere"


def both_policies(site: Any) -> None:
    deployment(site)["RollingUpdatePolicy"] = {}


def two_variants(site: Any) -> None:
    variants = site.properties("Config")["ProductionVariants"]
    variants.append({**variants[0], "VariantName": "Shadow"})


def a_large_canary(site: Any) -> None:
    site.routing["CanarySize"]["Value"] = 90


def no_wait(site: Any) -> None:
    del site.routing["WaitIntervalInSeconds"]


def no_final_bake(site: Any) -> None:
    deployment(site)["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] = 0


def a_short_timeout(site: Any) -> None:
    deployment(site)["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600


def an_alarm_that_cannot_fire(site: Any) -> None:
    site.properties("ServerErrors")["Threshold"] = 1


def an_alarm_on_nothing(site: Any) -> None:
    site.properties("ServerErrors")["MetricName"] = "CPUUtilization"


def silence_is_ignored(site: Any) -> None:
    site.properties("ServerErrors")["TreatMissingData"] = "ignore"


def three_bad_minutes(site: Any) -> None:
    site.properties("ServerErrors")["DatapointsToAlarm"] = 3


def another_endpoint(site: Any) -> None:
    site.properties("ServerErrors")["Dimensions"][0]["Value"] = "mlops-dev-tiny"


def another_config(site: Any) -> None:
    site.properties("ServerErrors")["Dimensions"][2]["Value"] = "yesterday"


def a_dimension_too_many(site: Any) -> None:
    site.properties("ServerErrors")["Dimensions"].append({"Name": "Owner", "Value": "me"})


def a_unit(site: Any) -> None:
    site.properties("ServerErrors")["Unit"] = "Count"


def another_variant(site: Any) -> None:
    site.properties("ServerErrors")["Dimensions"][1]["Value"] = "Main"


def another_version(site: Any) -> None:
    site.properties("WrongAnswers")["Dimensions"][1]["Value"] = "2"


def ten_seconds(site: Any) -> None:
    site.properties("ServerErrors")["Period"] = 10


def low_samples_are_ignored(site: Any) -> None:
    site.properties("Latency")["EvaluateLowSampleCountPercentile"] = "ignore"


def the_least_of_a_minute(site: Any) -> None:
    site.properties("ServerErrors")["Statistic"] = "Minimum"


def an_inverted_comparison(site: Any) -> None:
    site.properties("ServerErrors")["ComparisonOperator"] = "LessThanThreshold"


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (no_alarm, "names 0 rollback alarms; use 1 to 10"),
        (an_alarm_of_nobody, "rolls back on the alarm elsewhere, which the stack does not have"),
        (both_policies, "has 2 update policies"),
        (two_variants, "has 2 variants"),
        (a_large_canary, "size_percent: SageMaker refuses this share"),
        (no_wait, "bake_minutes: shorter than the alarm needs"),
        (no_final_bake, "final_bake_minutes: shorter than the alarm needs"),
        (a_short_timeout, "timeout_minutes: the waits take 13 minutes"),
        (an_alarm_that_cannot_fire, "server-errors-0123456789ab protects nothing: it is quiet"),
        (an_alarm_on_nothing, "cannot fire: nothing publishes AWS/SageMaker CPUUtilization"),
        (a_dimension_too_many, "cannot fire: AWS/SageMaker Invocation5XXErrors exists under"),
        (a_unit, "cannot fire: AWS/SageMaker Invocation5XXErrors is published in the unit"),
        (another_variant, "VariantName is Main, and this release's is AllTraffic"),
        (another_version, "ModelVersion is 2, and this release's is 1"),
        (ten_seconds, "protects nothing: AWS/SageMaker Invocation5XXErrors has one data point"),
        (low_samples_are_ignored, "protects nothing: it ignores a percentile of fewer than 1000"),
        (the_least_of_a_minute, "protects nothing: it is quiet where half of the requests fail"),
        (an_inverted_comparison, "protects nothing: it is quiet where half of the requests fail"),
        (silence_is_ignored, "treats missing data as ignore; use notBreaching"),
        (three_bad_minutes, "alarms.datapoints_to_alarm: a canary's alarm must fire"),
        (another_endpoint, "EndpointName is mlops-dev-tiny, and this release's is mlops-prod-tiny"),
        (another_config, "EndpointConfigName is yesterday, and this release's is"),
    ],
)
def test_a_broken_rule_is_named(site, edit: Any, named: str) -> None:
    edit(site)

    with pytest.raises(BrokenRuleError, match=named):
        read(site)


def test_all_broken_rules_are_named_at_once(site) -> None:
    no_wait(site)
    an_alarm_that_cannot_fire(site)

    with pytest.raises(BrokenRuleError) as raised:
        read(site)

    assert "bake_minutes" in str(raised.value)
    assert "protects nothing" in str(raised.value)


def test_an_endpoint_that_is_not_there_says_how_to_get_it(site) -> None:
    with pytest.raises(TemplateError, match=r"pin a version of the model in config/releases\.yaml"):
        guarded_endpoint(site.read(), "mlops-dev-tiny")


def test_a_prober_may_be_told_by_a_scheduled_event(site) -> None:
    del site.template["Resources"]["Prober"]
    event = '{"endpoint": "mlops-prod-tiny", "probes_per_minute": 7}'
    target = {"Id": "prober", "Arn": "arn", "Input": event}
    rule = {"Type": "AWS::Events::Rule", "Properties": {"Targets": [target]}}
    site.template["Resources"]["Schedule"] = rule

    assert read(site).probes_per_minute == 7
