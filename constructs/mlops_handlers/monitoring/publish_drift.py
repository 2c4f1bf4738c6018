"""Last step of the drift job: its figures into CloudWatch, and drift onto the training bus."""

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlparse

from mlops.metrics import CHECK, ENDPOINT, MISSING_CAPTURE, MONITORING, RUNS
from mlops_handlers.clients import client
from mlops_handlers.drift_events import DRIFT_FOUND, DRIFT_SOURCE

LOG: Final = logging.getLogger()
DRIFT_CHECKS: Final = ("inputs", "predictions", "labels", "performance")
"""Checks whose alarm a new training can answer; broken input and lost files are not drift."""
_BATCH: Final = 500
"""PutMetricData takes 1,000 metrics and one megabyte at most."""
_ALARM: Final = "alarm"
_INCONCLUSIVE: Final = "inconclusive"
_READING: Final = "reading"
_MOST_REASONS: Final = 20


class UndeliveredError(RuntimeError):
    """The training bus did not take the event."""


def handler(event: dict[str, str], _context: object) -> dict[str, str]:
    """Publish a window's report and answer with its verdict."""
    report = _read(f"{event['ReportUri']}/report.json")
    values = [*_values(report), _missing_capture(report, event), _metric(RUNS.name, 1.0)]
    for begin in range(0, len(values), _BATCH):
        client("cloudwatch").put_metric_data(
            Namespace=MONITORING, MetricData=values[begin : begin + _BATCH]
        )
    reasons = list(_drift(report))
    if reasons:
        _wake_training(event, reasons)
    LOG.info("window %s to %s: %s", event["Start"], event["End"], report["verdict"])
    return {"Verdict": str(report["verdict"])}


def _values(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for found in report["metrics"]:
        yield _metric(found["name"], found["value"], found["dimensions"], unit=found["unit"])
    for check in report["checks"]:
        yield _metric(CHECK.name, float(_needs_somebody(check)), {str(CHECK.by): check["name"]})


def _needs_somebody(check: Mapping[str, Any]) -> bool:
    """Whether people must act: an alarm, or a window that is inconclusive for unreadable lines."""
    enough = {_ALARM, _INCONCLUSIVE} if check["name"] == _READING else {_ALARM}
    return str(check["verdict"]) in enough


def _metric(
    name: str, value: float, dimensions: Mapping[str, str] | None = None, *, unit: str = "Count"
) -> dict[str, Any]:
    named = {ENDPOINT: os.environ["ENDPOINT_NAME"], **(dimensions or {})}
    return {
        "MetricName": name,
        "Value": value,
        "Unit": unit,
        "Dimensions": [{"Name": key, "Value": said} for key, said in sorted(named.items())],
    }


def _missing_capture(report: Mapping[str, Any], event: Mapping[str, str]) -> dict[str, Any]:
    """1 where requests were answered and nothing of it was captured, the platform's included.

    Lines that nobody can read are another fault: the check `reading` tells of it.
    """
    captured = report["traffic"]["captured_lines"]
    missing = not captured and _invocations(event) > 0
    return _metric(MISSING_CAPTURE.name, float(missing))


def _invocations(event: Mapping[str, str]) -> float:
    """Requests of the window; the platform's own probes only run while a release is under way."""
    start, end = (datetime.fromisoformat(event[key]) for key in ("Start", "End"))
    metric = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [
            {"Name": "EndpointName", "Value": os.environ["ENDPOINT_NAME"]},
            {"Name": "VariantName", "Value": os.environ["VARIANT"]},
        ],
    }
    day = int(timedelta(days=1).total_seconds())
    query = {"Id": "requests", "MetricStat": {"Metric": metric, "Period": day, "Stat": "Sum"}}
    found = client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=start, EndTime=end
    )
    return float(sum(found["MetricDataResults"][0]["Values"]))


def _drift(report: Mapping[str, Any]) -> Iterator[str]:
    for check in report["checks"]:
        if check["name"] in DRIFT_CHECKS and check["verdict"] == _ALARM:
            yield from check["reasons"]


def _wake_training(event: Mapping[str, str], reasons: Sequence[str]) -> None:
    """Every window that drifted says so: one that comes while training must wait is not the last.

    Raises:
        UndeliveredError: the bus refused; the step fails and people are notified.
    """
    detail = {
        "schema": 1,
        "model": os.environ["MODEL"],
        "stage": os.environ["STAGE"],
        "endpoint": os.environ["ENDPOINT_NAME"],
        "window": {"start": event["Start"], "end": event["End"]},
        "reasons": list(reasons[:_MOST_REASONS]),
        "report": f"{event['ReportUri']}/report.html",
    }
    entry = {
        "Source": DRIFT_SOURCE,
        "DetailType": DRIFT_FOUND,
        "Detail": json.dumps(detail),
        "EventBusName": os.environ["TRAINING_BUS"],
    }
    answer = client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        failed = answer["Entries"][0]
        raise UndeliveredError(f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")


def _read(uri: str) -> Mapping[str, Any]:
    place = urlparse(uri)
    found = client("s3").get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    content: Mapping[str, Any] = json.loads(found["Body"].read())
    return content
