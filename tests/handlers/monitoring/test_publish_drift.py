"""A report becomes metrics, and drift an event; what is not a drift wakes nobody."""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops_handlers.monitoring import publish_drift

BUS = "arn:aws:events:eu-west-1:200000000000:event-bus/acme-training"
EVENT = {
    "ReportUri": "s3://captures/monitoring/churn/2026-03-01/report",
    "Start": "2026-03-01T00:00:00+00:00",
    "End": "2026-03-02T00:00:00+00:00",
}


def check(name: str, verdict: str = "quiet", *reasons: str) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "reasons": list(reasons)}


class Stage:
    """One report, CloudWatch and the bus."""

    def __init__(self, aws: Any, body: Callable[[bytes], Any]) -> None:
        self.checks = [
            check("reading"),
            check("inputs"),
            check("predictions"),
            check("performance"),
        ]
        self.metrics: list[dict[str, Any]] = [
            {"name": "Requests", "value": 40.0, "unit": "Count", "dimensions": {}},
            {
                "name": "PopulationStabilityIndex",
                "value": 0.3,
                "unit": "None",
                "dimensions": {"Field": "age"},
            },
        ]
        self.requests = self.captured_lines = 40
        self.invocations = 50.0
        self.refuses = False
        self.published: list[dict[str, Any]] = []
        self.batches: list[int] = []
        self.events: list[dict[str, Any]] = []
        self._body = body
        aws.operations |= {
            "GetObject": self.get_object,
            "GetMetricData": self.get_metric_data,
            "PutMetricData": self.put_metric_data,
            "PutEvents": self.put_events,
        }

    def get_object(self, *, Bucket: str, Key: str, **_: Any) -> Any:
        assert (Bucket, Key) == ("captures", "monitoring/churn/2026-03-01/report/report.json")
        report = {
            "verdict": "alarm",
            "checks": self.checks,
            "metrics": self.metrics,
            "traffic": {"requests": self.requests, "captured_lines": self.captured_lines},
        }
        return {"Body": self._body(json.dumps(report).encode())}

    def get_metric_data(self, *, MetricDataQueries: Any, StartTime: Any, EndTime: Any) -> Any:
        assert (EndTime - StartTime).days == 1
        return {"MetricDataResults": [{"Id": "requests", "Values": [self.invocations]}]}

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> Any:
        assert Namespace == "Mlops/Monitoring"
        self.published += MetricData
        self.batches.append(len(MetricData))
        return {}

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:
        self.events += Entries
        if self.refuses:
            failed = {"ErrorCode": "AccessDenied", "ErrorMessage": "not you"}
            return {"FailedEntryCount": 1, "Entries": [failed]}
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def value(self, name: str, **dimensions: str) -> float:
        wanted = {"EndpointName": "acme-prod-churn", **dimensions}
        (found,) = (
            one["Value"]
            for one in self.published
            if one["MetricName"] == name
            and {d["Name"]: d["Value"] for d in one["Dimensions"]} == wanted
        )
        return float(found)


@pytest.fixture
def stage(aws: Any, body: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    literals = {
        "ENDPOINT_NAME": "acme-prod-churn",
        "MODEL": "churn",
        "STAGE": "prod",
        "TRAINING_BUS": BUS,
        "VARIANT": "AllTraffic",
    }
    for name, value in literals.items():
        monkeypatch.setenv(name, value)
    return Stage(aws, body)


def test_every_figure_of_the_report_is_published_with_the_endpoints_name(stage: Stage) -> None:
    answer = publish_drift.handler(EVENT, None)

    assert answer == {"Verdict": "alarm"}
    assert stage.value("Requests") == 40
    assert stage.value("PopulationStabilityIndex", Field="age") == 0.3
    assert stage.value("Check", Check="inputs") == 0
    assert stage.value("Runs") == 1
    assert stage.events == []


def test_more_figures_than_one_request_takes_are_sent_in_several(stage: Stage) -> None:
    stage.metrics = [
        {"name": "M", "value": 1.0, "unit": "None", "dimensions": {"Field": str(number)}}
        for number in range(1_100)
    ]

    publish_drift.handler(EVENT, None)

    assert sum(stage.batches) == 1_100 + len(stage.checks) + 2
    assert max(stage.batches) <= 1_000


@pytest.mark.parametrize("name", ["inputs", "predictions", "labels", "performance"])
def test_drift_wakes_retraining_with_its_evidence(stage: Stage, name: str) -> None:
    stage.checks = [check("reading"), check(name, "alarm", "age: PSI 0.3")]

    publish_drift.handler(EVENT, None)

    (event,) = stage.events
    assert (event["EventBusName"], event["Source"]) == (BUS, "mlops.monitoring")
    assert event["DetailType"] == "Mlops Drift Found"
    detail = json.loads(event["Detail"])
    assert detail["reasons"] == ["age: PSI 0.3"]
    assert (detail["model"], detail["stage"]) == ("churn", "prod")
    assert detail["report"].endswith("/report/report.html")
    assert stage.value("Check", Check=name) == 1


@pytest.mark.parametrize("name", ["reading", "traffic", "contract", "bias"])
def test_what_no_training_can_mend_wakes_nobody(stage: Stage, name: str) -> None:
    stage.checks = [check(name, "alarm", "broken")]

    publish_drift.handler(EVENT, None)

    assert stage.events == []
    assert stage.value("Check", Check=name) == 1


def test_what_is_inconclusive_is_no_alarm(stage: Stage) -> None:
    stage.checks = [check("inputs", "inconclusive", "40 rows")]

    publish_drift.handler(EVENT, None)

    assert stage.value("Check", Check="inputs") == 0
    assert stage.events == []


def test_capture_that_cannot_be_read_needs_somebody_although_it_proves_nothing(
    stage: Stage,
) -> None:
    stage.checks = [check("reading", "inconclusive", "half of the lines are unreadable")]

    publish_drift.handler(EVENT, None)

    assert stage.value("Check", Check="reading") == 1


@pytest.mark.parametrize(
    ("captured", "answered", "missing"), [(0, 50.0, 1), (0, 0.0, 0), (40, 50.0, 0), (40, 0.0, 0)]
)
def test_capture_is_missing_where_callers_were_answered_and_nothing_was_kept(
    stage: Stage, captured: int, answered: float, missing: int
) -> None:
    stage.requests, stage.captured_lines, stage.invocations = captured, captured, answered

    publish_drift.handler(EVENT, None)

    assert stage.value("MissingCapture") == missing


def test_lines_that_hold_no_request_of_a_caller_were_captured_all_the_same(stage: Stage) -> None:
    """Probes of a release, or lines that nobody can read: capture itself works."""
    stage.requests, stage.captured_lines, stage.invocations = 0, 20, 50.0

    publish_drift.handler(EVENT, None)

    assert stage.value("MissingCapture") == 0


def test_a_bus_that_refuses_fails_the_step(stage: Stage) -> None:
    stage.checks = [check("inputs", "alarm", "age")]
    stage.refuses = True

    with pytest.raises(publish_drift.UndeliveredError, match="AccessDenied: not you"):
        publish_drift.handler(EVENT, None)
