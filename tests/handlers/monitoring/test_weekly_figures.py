"""Every figure is asked for once, day by day, and half an answer is none."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops import metrics
from mlops_handlers.monitoring import weekly_figures
from mlops_handlers.monitoring.weekly_figures import FiguresError, Owners, figures, questions

START = datetime(2026, 2, 23, tzinfo=UTC)
END = START + timedelta(days=7)
ENDPOINT = "acme-prod-churn"
OWNERS = Owners(endpoint=ENDPOINT, batch_pipeline="acme-prod-churn-batch")


class CloudWatch:
    """Answers every query with its own number, one page for each."""

    def __init__(self, aws: Any) -> None:
        self.status = "Complete"
        aws.operations["GetMetricData"] = self.get_metric_data

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        assert (asked["StartTime"], asked["EndTime"]) == (START, END)
        assert len(asked["MetricDataQueries"]) <= 500
        number = int(asked.get("NextToken", "0"))
        query = asked["MetricDataQueries"][number]
        metric = query["MetricStat"]["Metric"]
        result = {
            "Id": query["Id"],
            "StatusCode": self.status,
            "Timestamps": [START],
            "Values": [float(len(metric["MetricName"]))],
        }
        more = number + 1 < len(asked["MetricDataQueries"])
        return {"MetricDataResults": [result]} | ({"NextToken": str(number + 1)} if more else {})


@pytest.fixture
def cloudwatch(aws: Any) -> CloudWatch:
    return CloudWatch(aws)


@pytest.fixture
def ask(aws: Any, cloudwatch: CloudWatch) -> Callable[[Any], Any]:
    return lambda asked: figures(aws.client("cloudwatch"), OWNERS, asked, start=START, end=END)


def test_each_answer_is_found_under_its_question(ask: Callable[[Any], Any]) -> None:
    found = ask(list(questions(["age"], ["accuracy"])))

    assert found.daily("Invocations") == {START: 11}
    assert found.hourly("InvocationsPerInstance") == {START: 22}
    assert found.published(metrics.STABILITY, "age") == {START: 24}
    assert found.published(metrics.CHECK, "bias") == {START: 5}
    assert found.published(metrics.PERFORMANCE, "mae") == {}


def test_metrics_of_requests_carry_the_variant_and_those_of_the_job_do_not(
    aws: Any, ask: Callable[[Any], Any]
) -> None:
    ask(list(questions(["age"], [])))

    queries = aws.asked("GetMetricData")[0]["MetricDataQueries"]
    named = {
        (q["MetricStat"]["Metric"]["Namespace"], one["Name"], one["Value"])
        for q in queries
        for one in q["MetricStat"]["Metric"]["Dimensions"]
    }
    assert ("AWS/SageMaker", "VariantName", "AllTraffic") in named
    assert ("Mlops/Monitoring", "Field", "age") in named
    assert ("Mlops/Monitoring", "VariantName", "AllTraffic") not in named
    assert ("Mlops/Monitoring", "EndpointName", ENDPOINT) in named


def test_metrics_of_batches_are_those_of_the_pipeline(aws: Any, ask: Callable[[Any], Any]) -> None:
    found = ask(list(questions([], [], batches=True)))

    queries = aws.asked("GetMetricData")[0]["MetricDataQueries"]
    named = {
        q["MetricStat"]["Metric"]["MetricName"]: q["MetricStat"]["Metric"]["Dimensions"]
        for q in queries
        if q["MetricStat"]["Metric"]["Namespace"] == "Mlops/Batch"
    }
    assert set(named) == {"Runs", "Files", "EmptyFiles", "Rows"}
    assert named["Rows"] == [{"Name": "PipelineName", "Value": "acme-prod-churn-batch"}]
    assert found.batches(metrics.BATCH_EMPTY_FILES) == 10


def test_a_batch_metric_that_nobody_published_is_no_zero(ask: Callable[[Any], Any]) -> None:
    assert ask(list(questions([], []))).batches(metrics.BATCH_FILES) is None


def test_more_questions_than_one_call_takes_are_asked_in_several(
    aws: Any, ask: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weekly_figures, "_BATCH", 10)
    asked = list(questions([f"field{n}" for n in range(30)], []))

    found = ask(asked)

    assert len(asked) > 40
    assert all(found.series[question] for question in asked)
    assert max(len(one["MetricDataQueries"]) for one in aws.asked("GetMetricData")) == 10


def test_what_cloudwatch_cannot_tell_is_no_zero(
    cloudwatch: CloudWatch, ask: Callable[[Any], Any]
) -> None:
    cloudwatch.status = "InternalError"

    with pytest.raises(FiguresError, match="AWS/SageMaker Invocations: InternalError"):
        ask(list(questions([], [])))
