"""What wakes the function that starts trainings: each trigger if the contract asks for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import ModelSpec
from mlops_constructs.site import Site
from mlops_constructs.training.retraining_trigger import RetrainingTrigger, is_automatic
from mlops_handlers.training.retraining import Trigger
from mlops_handlers.training.retraining_events import wake_of

RULE = "AWS::Events::Rule"
BUS = "acme-training"
ACCOUNTS = ["200000000000", "300000000000", "400000000000"]


@pytest.fixture(scope="module")
def asking(model: ModelSpec) -> Callable[..., ModelSpec]:
    """The model with other triggers than by default."""

    def changed(*, schedule: str | None = None, **retraining: bool) -> ModelSpec:
        return model.model_copy(
            update={
                "pipeline": model.pipeline.model_copy(update={"schedule": schedule}),
                "retraining": model.retraining.model_copy(update=retraining),
            }
        )

    return changed


@pytest.fixture(scope="module")
def trigger_of(
    render: Callable[..., Any],
    site_of: Callable[..., Site],
    key_in: Callable[..., Any],
    handlers: Path,
) -> Callable[[ModelSpec], Any]:
    return lambda model: render(
        lambda stack: RetrainingTrigger(
            stack,
            "Retraining",
            site=site_of("dev"),
            model=model,
            archive=handlers,
            key=key_in(stack),
        )
    )


@pytest.fixture(scope="module")
def everything(trigger_of: Callable[..., Any], asking: Callable[..., ModelSpec]) -> Any:
    return trigger_of(asking(schedule="rate(7 days)", on_new_data=True))


def pattern(rendered: Any, what: str) -> dict[str, Any]:
    (found,) = [r["EventPattern"] for r in rendered.all(RULE) if what in r["Description"]]
    return dict(found)


def alarm(
    stage: str, account: str, *, model: str = "churn", state: str = "ALARM"
) -> dict[str, Any]:
    name = f"acme-{stage}-{model}-drift"
    return {
        "account": account,
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": f"arn:aws:cloudwatch:eu-west-1:{account}:alarm:{name}",
        "detail": {"alarmName": name, "state": {"value": state}},
    }


@pytest.mark.parametrize(
    ("event", "is_heard"),
    [
        (alarm("prod", "400000000000"), True),
        (alarm("dev", "200000000000"), True),
        (alarm("prod", "400000000000", state="OK"), False),
        (alarm("prod", "400000000000", model="fraud"), False),
        (alarm("prod", "200000000000"), False),
        (alarm("prod", "999999999999"), False),
    ],
)
def test_a_stages_red_alarm_is_heard_from_its_own_account(
    everything: Any, heard: Callable[..., bool], event: dict[str, Any], is_heard: bool
) -> None:
    assert heard(pattern(everything, "alarm turned red"), event) is is_heard


def test_drift_that_a_job_found_is_heard_for_this_model_from_the_stages(everything: Any) -> None:
    assert pattern(everything, "has drifted") == {
        "account": ACCOUNTS,
        "source": ["mlops.monitoring"],
        "detail-type": ["Mlops Drift Found"],
        "detail": {"model": ["churn"]},
    }


@pytest.mark.parametrize(
    ("key", "is_heard"),
    [
        ("data/churn/0123456789abcdef/rows.csv", True),
        ("data/churn-2/0123456789abcdef/rows.csv", False),
        ("models/churn/e1/Train/model.tar.gz", False),
    ],
)
def test_published_data_is_heard_below_the_models_prefix(
    everything: Any, heard: Callable[..., bool], key: str, is_heard: bool
) -> None:
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": "acme-dev-artifacts-200000000000-eu-west-1"},
            "object": {"key": key},
        },
    }

    assert heard(pattern(everything, "data was published"), event) is is_heard


def test_drift_comes_over_the_training_bus_and_data_over_the_accounts_own(everything: Any) -> None:
    buses = [rule.get("EventBusName", "default") for rule in everything.all(RULE)]

    assert buses == [BUS, BUS, "default"]


def test_every_rule_calls_the_function_or_keeps_the_event(everything: Any) -> None:
    (function,) = [
        id_ for id_, r in everything.resources.items() if r["Type"] == "AWS::Lambda::Function"
    ]

    for rule in everything.all(RULE):
        (target,) = rule["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
        assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")


def test_exactly_the_rules_may_call_the_function(everything: Any) -> None:
    callers = everything.all("AWS::Lambda::Permission")
    rules = [id_ for id_, r in everything.resources.items() if r["Type"] == RULE]

    assert {one["Principal"] for one in callers} == {"events.amazonaws.com"}
    assert [one["SourceArn"]["Fn::GetAtt"][0] for one in callers] == rules


def test_without_drift_nothing_listens_on_the_training_bus(
    trigger_of: Callable[..., Any], asking: Callable[..., ModelSpec]
) -> None:
    trigger = trigger_of(asking(on_drift=False, on_new_data=True))

    assert [rule.get("EventBusName") for rule in trigger.all(RULE)] == [None]
    assert trigger.all("AWS::Scheduler::Schedule") == []


def test_by_default_drift_alone_trains(
    trigger_of: Callable[..., Any], asking: Callable[..., ModelSpec]
) -> None:
    trigger = trigger_of(asking())

    assert len(trigger.all(RULE)) == 2
    assert "data was published" not in str(trigger.all(RULE))


def test_the_schedule_is_the_contracts(everything: Any) -> None:
    assert everything.only("AWS::Scheduler::Schedule")["ScheduleExpression"] == "rate(7 days)"


def test_the_function_understands_what_the_schedule_hands_over(everything: Any) -> None:
    wake = wake_of(json.loads(everything.only("AWS::Scheduler::Schedule")["Target"]["Input"]))

    assert wake is not None
    assert wake.trigger is Trigger.SCHEDULE


def test_a_training_that_could_not_be_asked_for_is_tried_for_an_hour_and_kept(
    everything: Any,
) -> None:
    target = everything.only("AWS::Scheduler::Schedule")["Target"]

    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600
    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"on_drift": False}, False),
        ({"on_drift": False, "on_new_data": True}, True),
        ({"on_drift": False, "schedule": "rate(7 days)"}, True),
    ],
)
def test_a_model_that_only_people_train_needs_no_function(
    asking: Callable[..., ModelSpec], asked: dict[str, Any], expected: bool
) -> None:
    assert is_automatic(asking(**asked)) is expected
