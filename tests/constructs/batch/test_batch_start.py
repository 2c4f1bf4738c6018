"""The clock and uploads start a batch; what they could not start is kept."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops.contract import BatchSpec
from mlops_constructs.batch.batch_start import BatchStart
from mlops_constructs.release import Release

PIPELINE = "arn:aws:sagemaker:eu-west-1:400000000000:pipeline/acme-prod-churn-batch"
BOTH = BatchSpec(schedule="cron(0 4 * * ? *)", on_new_input=True)


@pytest.fixture(scope="module")
def start_of(
    render: Callable[..., Any], release_of: Callable[..., Release]
) -> Callable[[BatchSpec], Any]:
    return lambda batch: render(
        lambda stack: BatchStart(stack, "Start", release=release_of(), batch=batch)
    )


@pytest.fixture(scope="module")
def start(start_of: Callable[[BatchSpec], Any]) -> Any:
    return start_of(BOTH)


def uploaded(key: str, *, bucket: str = "acme-prod-artifacts-400000000000-eu-west-1") -> Any:
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "size": 10}},
    }


@pytest.mark.parametrize(
    ("event", "heard_of"),
    [
        (uploaded("batch/churn/input/a.jsonl"), True),
        (uploaded("batch/churn/output/run/a.jsonl.out"), False),
        (uploaded("batch/churn/taken/0123.json"), False),
        (uploaded("batch/churned/input/a.jsonl"), False),
        (uploaded("batch/churn/input/a.jsonl", bucket="elsewhere"), False),
    ],
    ids=["a file", "an answer", "a claim", "another model's", "another bucket's"],
)
def test_a_run_starts_for_this_models_files_and_for_nothing_that_a_run_writes(
    start: Any, heard: Callable[[Any, Any], bool], event: Any, heard_of: bool
) -> None:
    rule = start.only("AWS::Events::Rule")

    assert heard(rule["EventPattern"], event) is heard_of
    (target,) = rule["Targets"]
    assert target["Arn"] == PIPELINE
    assert target["DeadLetterConfig"]["Arn"].endswith(":acme-prod-undelivered")


def test_the_clock_starts_it_when_the_contract_says(start: Any) -> None:
    schedule = start.only("AWS::Scheduler::Schedule")

    assert schedule["ScheduleExpression"] == "cron(0 4 * * ? *)"
    assert schedule["Target"]["Arn"] == PIPELINE
    assert schedule["Target"]["DeadLetterConfig"]["Arn"].endswith(":acme-prod-undelivered")


def test_each_starter_may_start_this_pipeline_alone(start: Any) -> None:
    roles = start.roles()

    assert sorted(sorted(statements) for statements in roles.values()) == [
        ["KeepUndelivered", "StartThePipeline"],
        ["StartThePipeline"],
    ]
    assert {one["StartThePipeline"]["Resource"] for one in roles.values()} == {PIPELINE}


def test_what_the_contract_does_not_ask_for_is_not_there(
    start_of: Callable[[BatchSpec], Any],
) -> None:
    by_clock = start_of(BatchSpec(schedule="rate(1 day)"))
    by_upload = start_of(BatchSpec(on_new_input=True))

    assert by_clock.all("AWS::Events::Rule") == []
    assert by_upload.all("AWS::Scheduler::Schedule") == []
