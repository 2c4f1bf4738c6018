"""Figures, deployments and promises become one mail."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_handlers.monitoring import weekly_report

TOPIC = "arn:aws:sns:eu-west-1:400000000000:acme-prod-alerts"
TERMS = {
    "model": "churn", "stage": "prod", "endpoint": "acme-prod-churn",
    "owner": "science@example.com", "requests_per_minute": 10, "latency_p99_ms": 200,
    "error_ratio": 0.02, "instance_type": "ml.m5.large", "min_instances": 2,
    "fields": ["age"], "metrics": ["accuracy"],
    "limits": [{"metric": "accuracy", "comparison": "at_least", "threshold": 0.8}],
    "dashboard": "acme-prod-model-churn", "watched": True,
}  # fmt: skip
VALUES = {"Invocations": 100.0, "Performance": 0.7, "Runs": 1.0}


class Stage:
    """CloudWatch with one point for each metric, and people."""

    def __init__(self, aws: Any) -> None:
        self.told: list[dict[str, str]] = []
        self.asked: list[tuple[datetime, datetime]] = []
        aws.operations |= {"GetMetricData": self.get_metric_data, "Publish": self.publish}

    def get_metric_data(
        self, *, MetricDataQueries: Any, StartTime: datetime, EndTime: datetime, **_: Any
    ) -> Any:
        self.asked.append((StartTime, EndTime))
        results = [
            {
                "Id": query["Id"],
                "StatusCode": "Complete",
                "Timestamps": [StartTime],
                "Values": [VALUES.get(query["MetricStat"]["Metric"]["MetricName"], 0.0)],
            }
            for query in MetricDataQueries
        ]
        return {"MetricDataResults": results}

    def publish(self, **message: str) -> dict[str, Any]:
        self.told.append(message)
        return {"MessageId": "1"}


@pytest.fixture
def stage(aws: Any, endpoints: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("TERMS", json.dumps(TERMS))
    monkeypatch.setenv("ALERT_TOPIC", TOPIC)
    return Stage(aws)


def test_the_stages_people_are_told_and_the_subject_names_the_owner(stage: Stage) -> None:
    answer = weekly_report.handler({"End": "2026-01-05"}, None)

    (told,) = stage.told
    assert told["TopicArn"] == TOPIC
    assert told["Subject"] == answer["Subject"]
    assert told["Subject"].startswith("prod: churn, week to 2026-01-04: ")
    assert "science@example.com" in told["Subject"]
    assert "accuracy is 0.7, not at least 0.8" in told["Message"]


def test_the_week_is_seven_whole_days(stage: Stage) -> None:
    weekly_report.handler({"End": "2026-01-05"}, None)

    assert stage.asked == [(datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))]


def test_without_a_date_it_ends_at_the_last_midnight(stage: Stage) -> None:
    weekly_report.handler({}, None)

    ((start, end),) = stage.asked
    assert end - start == timedelta(days=7)
    assert timedelta() <= datetime.now(UTC) - end < timedelta(days=1, minutes=1)


def test_deployments_of_the_week_are_told_the_oldest_first(stage: Stage, endpoints: Any) -> None:
    endpoints.add_config("new", version=5, age=timedelta(hours=1))
    endpoints.add_config("old", version=4, age=timedelta(days=2))
    endpoints.add_config("early", version=3, age=timedelta(days=9))
    endpoints.add_config("other", version=9, age=timedelta(hours=2), owner="acme-prod-fraud")

    weekly_report.handler({"End": "2026-01-01"}, None)

    lines = [line for line in stage.told[0]["Message"].splitlines() if "deployment of" in line]
    assert [line.rpartition(" ")[2] for line in lines] == ["4", "5"]


def test_what_came_after_the_week_is_of_the_next_one(stage: Stage, endpoints: Any) -> None:
    endpoints.add_config("later", version=5, age=-timedelta(hours=1))

    weekly_report.handler({"End": "2026-01-01"}, None)

    assert "Releases\n- none" in stage.told[0]["Message"]
