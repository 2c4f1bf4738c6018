"""The clock starts one pipeline."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.pipeline_schedule import PipelineSchedule
from mlops_constructs.site import Site

PIPELINE = "arn:aws:sagemaker:eu-west-1:200000000000:pipeline/acme-churn-training"


@pytest.fixture(scope="module")
def schedule(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    return render(
        lambda stack: PipelineSchedule(
            stack,
            "Schedule",
            site=site_of("dev"),
            model="churn",
            expression="cron(0 3 ? * MON *)",
        )
    )


def test_the_pipeline_starts_on_the_minute(schedule: Any) -> None:
    properties = schedule.only("AWS::Scheduler::Schedule")

    assert properties["ScheduleExpression"] == "cron(0 3 ? * MON *)"
    assert properties["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert properties["Target"]["Arn"] == PIPELINE


def test_a_start_that_failed_lands_with_the_dead_letters(schedule: Any) -> None:
    target = schedule.only("AWS::Scheduler::Schedule")["Target"]

    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-dev-undelivered")
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600


def test_the_role_starts_exactly_that_pipeline(schedule: Any) -> None:
    (statements,) = schedule.roles().values()

    assert statements["StartThePipeline"]["Resource"] == PIPELINE
    assert sorted(statements) == ["KeepUndelivered", "StartThePipeline"]
