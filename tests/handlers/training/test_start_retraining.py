"""One function per model: what wakes it, what it starts, and what it says when it does not."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_handlers.training import start_retraining
from mlops_handlers.training.start_retraining import handler

ALARM = {
    "source": "aws.cloudwatch",
    "detail-type": "CloudWatch Alarm State Change",
    "detail": {
        "alarmName": "acme-prod-churn-drift",
        "state": {"value": "ALARM", "timestamp": "2026-11-28T02:15:00.000+0000"},
    },
}
SCHEDULE = {"trigger": "schedule"}
SHA = "a" * 64
PIPELINE = "acme-churn-training"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MODEL": "churn",
        "PIPELINE": PIPELINE,
        "COOLDOWN_DAYS": "7",
        "BUDGET_PER_MONTH": "1",
        "ALERT_TOPIC": "arn:aws:sns:eu-west-1:200000000000:acme-dev-alerts",
        "DATA_BUCKET": "acme-dev-artifacts",
        "DATA_PREFIX": "data/churn/",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def published_data(published: Any) -> Any:
    published.put(SHA)
    return published


def parameters(request: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in request["PipelineParameters"]}


def test_drift_trains_on_the_newest_data_and_says_why(aws: Any, executions: Any) -> None:
    answer = handler(ALARM, None)

    (request,) = aws.asked("StartPipelineExecution")
    assert answer == {"started": executions.arns[0]}
    assert request["PipelineName"] == PIPELINE
    assert request["PipelineExecutionDisplayName"].startswith("automatic-drift-")
    assert request["PipelineExecutionDescription"] == (
        "alarm acme-prod-churn-drift at 2026-11-28T02:15:00.000+0000"
    )
    assert parameters(request) == {
        "DataUri": f"s3://acme-dev-artifacts/data/churn/{'a' * 16}/rows.csv.gz",
        "DataVersion": SHA,
    }


def test_the_end_of_the_training_data_is_passed_on_if_its_publisher_knew_it(
    aws: Any, executions: Any, published_data: Any
) -> None:
    published_data.put(SHA, training_end="2026-10-01")

    handler(ALARM, None)

    (request,) = aws.asked("StartPipelineExecution")
    assert parameters(request)["TrainingEnd"] == "2026-10-01"


def test_data_that_the_contract_names_elsewhere_is_the_pipelines_own_default(
    aws: Any, executions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATA_BUCKET")

    handler(SCHEDULE, None)

    (request,) = aws.asked("StartPipelineExecution")
    assert parameters(request) == {}


def test_without_published_data_nothing_starts_and_the_log_says_what_to_do(
    aws: Any, executions: Any, published_data: Any, caplog: pytest.LogCaptureFixture
) -> None:
    published_data.objects.clear()

    with caplog.at_level(logging.WARNING):
        answer = handler(ALARM, None)

    assert "below s3://acme-dev-artifacts/data/churn/; remedy: mlops data publish" in answer["held"]
    assert answer["held"] in caplog.text
    assert aws.asked("StartPipelineExecution") == []


def test_ten_events_start_one_training(executions: Any) -> None:
    for _ in range(10):
        handler(ALARM, None)

    assert len(executions.arns) == 1


def test_functions_that_do_not_see_each_others_start_start_one_training(executions: Any) -> None:
    executions.listing_is_behind = True

    answers = [handler(event, None) for event in [ALARM, SCHEDULE, ALARM] for _ in range(3)]

    assert len(executions.arns) == 1
    assert {answer["started"] for answer in answers} == set(executions.arns)


def test_an_alarm_that_turned_green_starts_nothing(aws: Any) -> None:
    green = {**ALARM, "detail": {"alarmName": "x", "state": {"value": "OK"}}}

    assert "not red" in handler(green, None)["held"]
    assert aws.calls == []


def test_what_holds_a_training_is_one_line_of_the_log(
    aws: Any, executions: Any, caplog: pytest.LogCaptureFixture
) -> None:
    executions.add(name="by-hand", status="Executing", age=timedelta(hours=1))

    with caplog.at_level(logging.WARNING):
        answer = handler(ALARM, None)

    (line,) = caplog.messages
    assert line.startswith("drift asked for a training, held by the lock: the execution that began")
    assert answer["held"].startswith("lock: ")
    assert aws.asked("Publish") == []


def spend(executions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The month's one training, so long ago that its cooldown is over."""
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    monkeypatch.setattr(start_retraining, "datetime", Frozen)
    executions.add(name="automatic-data-x", status="Succeeded", at=moment - timedelta(days=20))


class Frozen(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> "Frozen":
        return cls(2026, 11, 28, tzinfo=tz)


def test_people_hear_that_drift_meets_a_budget_that_is_used_up(
    aws: Any, executions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(executions, monkeypatch)

    answer = handler(ALARM, None)

    (told,) = aws.asked("Publish")
    assert answer["held"].startswith("budget: 1 of 1 ")
    assert told["TopicArn"].endswith(":acme-dev-alerts")
    assert len(told["Subject"]) <= 100
    assert "alarm acme-prod-churn-drift" in told["Message"]
    assert "docs/runbooks/retraining-held.md" in told["Message"]


def test_new_data_that_meets_a_used_up_budget_needs_nobody(
    aws: Any, executions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(executions, monkeypatch)
    detail = {"bucket": {"name": "b"}, "object": {"key": "data/churn/x/rows.csv"}}

    answer = handler({"source": "aws.s3", "detail-type": "Object Created", "detail": detail}, None)

    assert answer["held"].startswith("budget: ")
    assert aws.asked("Publish") == []


def test_the_list_is_read_newest_first_and_no_further_than_needed(
    aws: Any, executions: Any
) -> None:
    for days in range(10, 210, 10):
        executions.add(name="automatic-data-x", status="Succeeded", age=timedelta(days=days))

    handler(SCHEDULE, None)

    requests = aws.asked("ListPipelineExecutions")
    assert {(r["SortBy"], r["SortOrder"], r["MaxResults"]) for r in requests} == {
        ("CreationTime", "Descending", 100)
    }
    # Two executions a page: the tenth is 100 days old.
    assert len(requests) == 5


def test_a_pipeline_that_only_people_start_is_read_to_its_beginning(
    aws: Any, executions: Any
) -> None:
    for days in range(10, 210, 10):
        executions.add(name="", status="Succeeded", age=timedelta(days=days))

    handler(ALARM, None)

    assert len(aws.asked("ListPipelineExecutions")) == 10
    assert len(executions.arns) == 1


def test_a_start_that_sagemaker_refuses_fails_so_that_it_is_tried_again(
    aws: Any, executions: Any
) -> None:
    executions.refusal = "ConflictException"

    with pytest.raises(ClientError, match="ConflictException"):
        handler(ALARM, None)
