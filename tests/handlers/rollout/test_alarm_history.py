"""What was red during a deployment is told by the past, not by the state of now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_handlers.rollout.alarm_history import red_alarms

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(hours=1)
LATENCY, ERRORS = "acme-rollback-latency-aaa", "acme-rollback-server-errors-aaa"


def red(aws: Any, *names: str) -> tuple[str, ...]:
    return red_alarms(aws.client("cloudwatch"), names, start=START, end=END)


def test_an_alarm_that_was_red_and_is_green_again_was_red(aws: Any, cloudwatch: Any) -> None:
    cloudwatch.turned(ERRORS, "OK", START + timedelta(minutes=1))
    cloudwatch.turned(ERRORS, "ALARM", START + timedelta(minutes=20))
    cloudwatch.turned(ERRORS, "OK", START + timedelta(minutes=30))

    assert red(aws, LATENCY, ERRORS) == (ERRORS,)


def test_names_are_told_once_and_in_order(aws: Any, cloudwatch: Any) -> None:
    for name in (ERRORS, LATENCY):
        cloudwatch.turned(name, "ALARM", START + timedelta(minutes=20))

    assert red(aws, ERRORS, LATENCY, ERRORS) == (LATENCY, ERRORS)


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_an_alarm_that_never_turned_red_was_not(aws: Any, cloudwatch: Any, state: str) -> None:
    cloudwatch.turned(ERRORS, state, START + timedelta(minutes=20))

    assert red(aws, ERRORS) == ()


@pytest.mark.parametrize("at", [START - timedelta(minutes=1), END + timedelta(minutes=1)])
def test_what_happened_outside_of_the_deployment_is_not_its_doing(
    aws: Any, cloudwatch: Any, at: datetime
) -> None:
    cloudwatch.turned(ERRORS, "ALARM", at)

    assert red(aws, ERRORS) == ()


def test_an_alarm_that_cloudwatch_never_knew_was_not_red(aws: Any, cloudwatch: Any) -> None:
    assert red(aws, "nobody") == ()


def test_only_the_named_alarms_are_asked_for(aws: Any, cloudwatch: Any) -> None:
    red(aws, ERRORS)

    assert aws.asked("DescribeAlarmHistory") == [
        {
            "AlarmName": ERRORS,
            "HistoryItemType": "StateUpdate",
            "StartDate": START,
            "EndDate": END,
        }
    ]
