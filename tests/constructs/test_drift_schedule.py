"""The clock starts the drift job, and what it could not start is kept."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_constructs.drift_schedule import DriftSchedule
from mlops_constructs.release import Release

PIPELINE = "arn:aws:sagemaker:eu-west-1:400000000000:pipeline/acme-prod-churn-drift"


@pytest.fixture(scope="module")
def schedule(render: Callable[..., Any], release_of: Callable[..., Release]) -> Any:
    return render(lambda stack: DriftSchedule(stack, "Schedule", release=release_of()))


def test_the_job_runs_when_the_contract_says(schedule: Any) -> None:
    properties = schedule.only("AWS::Scheduler::Schedule")

    assert properties["ScheduleExpression"] == "cron(0 6 ? * * *)"
    assert properties["Target"]["Arn"] == PIPELINE
    assert properties["Target"]["DeadLetterConfig"]["Arn"].endswith(":acme-prod-undelivered")


def test_the_role_starts_exactly_that_pipeline(schedule: Any) -> None:
    (statements,) = schedule.roles().values()

    assert statements["StartTheJob"]["Resource"] == PIPELINE
    assert sorted(statements) == ["KeepUndelivered", "StartTheJob"]
