from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.validation import events

Details = Callable[..., list[str]]
One = Callable[..., dict[str, Any]]
RULE = "AWS::Events::Rule"
PATTERN = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Package State Change"],
    "detail": {"ModelApprovalStatus": ["Approved"], "ModelPackageGroupName": [{"prefix": "m-"}]},
}


@pytest.mark.parametrize("key", ["detailType", "detail_type", "Source", "DetailType"])
def test_a_misspelt_key_is_found(key: str, one: One, details: Details) -> None:
    template = one(RULE, EventPattern=PATTERN | {key: ["x"]})

    assert details(events.pattern_keys_exist, template) == [f"no event has {key!r}"]


def test_a_misspelt_key_inside_an_alternative_is_found(one: One, details: Details) -> None:
    template = one(RULE, EventPattern={"$or": [PATTERN, {"detailType": ["x"]}]})

    assert details(events.pattern_keys_exist, template) == ["no event has 'detailType'"]


def test_keys_that_events_have_are_not_found(one: One, details: Details) -> None:
    template = one(RULE, EventPattern=PATTERN | {"account": ["1"], "$or": [{"region": ["x"]}]})

    assert details(events.pattern_keys_exist, template) == []


def test_a_bare_value_is_found(one: One, details: Details) -> None:
    template = one(RULE, EventPattern=PATTERN | {"detail": {"a": {"b": "c"}}})

    found = list(events.pattern_values_are_lists.faults(template))

    assert [fault.where for fault in found] == ["Properties.EventPattern.detail.a.b"]


def test_lists_of_filters_are_not_found(one: One, details: Details) -> None:
    assert details(events.pattern_values_are_lists, one(RULE, EventPattern=PATTERN)) == []


def test_a_target_without_a_queue_is_found(one: One, details: Details) -> None:
    template = one(RULE, Targets=[{"Arn": "a"}, {"Arn": "b", "DeadLetterConfig": {"Arn": "q"}}])

    assert details(events.undelivered_is_kept, template) == ["a target without a queue"]


def test_a_schedule_without_a_queue_is_found(one: One, details: Details) -> None:
    template = one("AWS::Scheduler::Schedule", Target={"Arn": "a"})

    assert details(events.undelivered_is_kept, template) == ["a target without a queue"]


def test_targets_with_a_queue_are_not_found(one: One, details: Details) -> None:
    template = one(
        "AWS::Scheduler::Schedule", Target={"Arn": "a", "DeadLetterConfig": {"Arn": "q"}}
    )

    assert details(events.undelivered_is_kept, template) == []


@pytest.mark.parametrize("rule", events.RULES, ids=lambda rule: rule.id)
def test_a_rule_on_a_schedule_has_no_pattern_to_judge(
    rule: Any, one: One, details: Details
) -> None:
    assert details(rule, one(RULE, ScheduleExpression="rate(1 hour)")) == []


def test_a_rule_on_a_bus_of_ones_own_that_hears_everybody_is_found(
    one: One, details: Details
) -> None:
    template = one(RULE, EventPattern=PATTERN, EventBusName={"Ref": "Bus"})

    assert details(events.senders_are_named, template) == ["it hears every account"]


@pytest.mark.parametrize(
    "rule",
    [
        {"EventPattern": PATTERN},
        {"EventPattern": PATTERN, "EventBusName": "default"},
        {"EventPattern": PATTERN | {"account": ["1"]}, "EventBusName": {"Ref": "Bus"}},
    ],
    ids=["default", "default by name", "named accounts"],
)
def test_a_rule_that_says_whom_it_hears_is_not_found(
    rule: dict[str, Any], one: One, details: Details
) -> None:
    assert details(events.senders_are_named, one(RULE, **rule)) == []
