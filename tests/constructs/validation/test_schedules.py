from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_constructs.validation import schedules
from mlops_constructs.validation.schedules import monitoring_problem, scheduler_problem

Details = Callable[..., list[str]]
One = Callable[..., dict[str, Any]]

GARBAGE = [
    "",
    "daily",
    "0 3 * * 1",
    "cron(0 3 * * 1)",
    "cron(0 3 * * MON *)",
    "cron(0 3 ? * ? *)",
    "cron(60 3 ? * MON *)",
    "cron(0 24 ? * MON *)",
    "cron(0 3 ? 13 MON *)",
    "cron(0 3 ? * MON *) ",
    "rate(0 hours)",
    "rate(1 hours)",
    "rate(5 hour)",
    "rate(5 fortnights)",
]
FINE = [
    "cron(0 3 ? * MON *)",
    "cron(0/15 * * * ? *)",
    "cron(30 4 1,15 * ? 2027)",
    "rate(1 hour)",
    "rate(12 hours)",
]


@pytest.mark.parametrize("expression", GARBAGE)
@pytest.mark.parametrize("type_", ["AWS::Scheduler::Schedule", "AWS::Events::Rule"])
def test_an_expression_that_eventbridge_refuses_is_found(
    type_: str, expression: str, one: One, details: Details
) -> None:
    template = one(type_, ScheduleExpression=expression)

    assert len(details(schedules.eventbridge_takes_schedule, template)) == 1


@pytest.mark.parametrize("expression", [*FINE, {"Ref": "Schedule"}])
@pytest.mark.parametrize("type_", ["AWS::Scheduler::Schedule", "AWS::Events::Rule"])
def test_an_expression_that_eventbridge_takes_is_not_found(
    type_: str, expression: object, one: One, details: Details
) -> None:
    template = one(type_, ScheduleExpression=expression)

    assert details(schedules.eventbridge_takes_schedule, template) == []


def test_a_rule_on_events_has_no_schedule_to_judge(one: One, details: Details) -> None:
    template = one("AWS::Events::Rule", EventPattern={})

    assert details(schedules.eventbridge_takes_schedule, template) == []


def test_only_the_scheduler_knows_a_single_time(one: One, details: Details) -> None:
    once = "at(2027-02-28T03:00:00)"

    assert scheduler_problem(once) is None
    assert details(
        schedules.eventbridge_takes_schedule, one("AWS::Events::Rule", ScheduleExpression=once)
    )


def test_a_day_that_does_not_exist_is_found() -> None:
    assert scheduler_problem("at(2027-02-29T03:00:00)") == "2027-02-29T03:00:00 is not a time"


@pytest.mark.parametrize(
    "expression",
    ["NOW", "cron(0 * ? * * *)", "cron(0 3 ? * * *)", "cron(0 23 ? * * *)", "cron(0 0/6 ? * * *)"],
)
def test_a_schedule_that_monitoring_takes_is_not_found(expression: str) -> None:
    assert monitoring_problem(expression) is None


@pytest.mark.parametrize(
    "expression",
    ["rate(1 hour)", "cron(5 * ? * * *)", "cron(0 24 ? * * *)", "cron(0 * * * ? *)", "now", ""],
)
def test_a_schedule_that_monitoring_refuses_is_found(
    expression: str, one: One, details: Details
) -> None:
    config = {"ScheduleConfig": {"ScheduleExpression": expression}}
    template = one("AWS::SageMaker::MonitoringSchedule", MonitoringScheduleConfig=config)

    assert len(details(schedules.sagemaker_takes_schedule, template)) == 1


def test_a_monitoring_schedule_without_a_schedule_is_not_judged(one: One, details: Details) -> None:
    template = one("AWS::SageMaker::MonitoringSchedule", MonitoringScheduleConfig={})

    assert details(schedules.sagemaker_takes_schedule, template) == []


@given(st.text(max_size=40))
def test_no_text_breaks_the_parsers(text: str) -> None:
    for problem in (scheduler_problem, monitoring_problem):
        assert problem(text) is None or problem(text)


@given(st.lists(st.sampled_from(["*", "?", "0", "1", "MON"]), min_size=0, max_size=9))
def test_a_cron_of_another_number_of_fields_is_refused(fields: list[str]) -> None:
    refused = scheduler_problem(f"cron({' '.join(fields)})")

    assert refused is not None or len(fields) == 6


@given(st.datetimes(datetime(2028, 1, 1), datetime(2028, 12, 31)))
def test_every_minute_of_a_leap_year_can_be_scheduled(at: datetime) -> None:
    expression = f"cron({at.minute} {at.hour} {at.day} {at.month} ? *)"

    assert scheduler_problem(expression) is None


@given(st.integers(60, 10_000), st.integers(24, 10_000))
def test_no_time_beyond_the_day_can_be_scheduled(minute: int, hour: int) -> None:
    assert scheduler_problem(f"cron({minute} 3 * * ? *)")
    assert scheduler_problem(f"cron(0 {hour} * * ? *)")
