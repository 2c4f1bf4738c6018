"""Last step of a batch run: its lines as data capture would have kept them, for the drift job.

Batch Transform's own capture keeps lists of files instead of requests with their answers
(SageMaker Developer Guide, "Capture data from batch transform job"), which the drift job does not
read. Every line becomes a request of its own; a line's id is what labels are joined on.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import urlparse

from mlops.metrics import BATCH_ROWS
from mlops.rollout.probes import PROBE_PREFIX
from mlops_handlers.clients import client

ANSWER: Final = "SageMakerOutput"
"""Key under which Batch Transform joins an answer to its line."""
_LINES_A_FILE: Final = 5000


class NotJoinedError(RuntimeError):
    """A line of the output that holds no features or no answer."""


class ReservedIdError(RuntimeError):
    """An id that marks the platform's own requests: monitoring would leave its line out."""


def handler(event: dict[str, str], _context: object) -> dict[str, str]:
    """Answer the pipeline's step with how many rows were captured.

    Raises:
        NotJoinedError: a line is not as the job writes it.
        ReservedIdError: the drift job would not count a line.
    """
    place, moment = urlparse(event["OutputUri"]), _moment(event["Time"])
    rows = 0
    for number, key in enumerate(_keys(place.netloc, f"{place.path.lstrip('/')}/")):
        name = f"{event['Run']}-{number}"
        lines = client("s3").get_object(Bucket=place.netloc, Key=key)["Body"].iter_lines()
        rows += _write(_captured(lines, name, moment, key), name, moment)
    _count(rows)
    return {"Rows": str(rows)}


def _keys(bucket: str, prefix: str) -> Iterator[str]:
    pages = client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix):
        yield from (found["Key"] for found in page.get("Contents", ()))


def _captured(
    lines: Iterable[bytes], name: str, moment: datetime, key: str
) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            joined = json.loads(line)
            features, answer = joined["features"], joined[ANSWER]
        except (ValueError, KeyError, TypeError) as error:
            raise NotJoinedError(f"{key}, line {number}: {error!r}") from error
        about = {"eventId": f"{name}-{number}", "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        if joined.get("id") is not None:
            about["inferenceId"] = _own(str(joined["id"]), f"{key}, line {number}")
        yield {
            "captureData": {
                "endpointInput": _side("INPUT", features),
                "endpointOutput": _side("OUTPUT", answer),
            },
            "eventMetadata": about,
            "eventVersion": "0",
        }


def _own(id_: str, place: str) -> str:
    if id_.startswith(PROBE_PREFIX):
        raise ReservedIdError(
            f"{place}: the id {id_} begins with {PROBE_PREFIX}, which marks the platform's own "
            "requests; remedy: upload the file again with other ids, or monitoring sees none of it"
        )
    return id_


def _side(mode: str, content: object) -> dict[str, str]:
    return {
        "observedContentType": "application/json",
        "mode": mode,
        "data": json.dumps(content),
        "encoding": "JSON",
    }


def _write(captured: Iterator[dict[str, Any]], name: str, moment: datetime) -> int:
    """Files beside those that SageMaker captures in the hour in which the run began."""
    rows, home = 0, f"{os.environ['CAPTURES']}/{moment:%Y/%m/%d/%H}"
    while part := list(islice(captured, _LINES_A_FILE)):
        body = "".join(f"{json.dumps(line)}\n" for line in part).encode()
        key = f"{home}/batch-{name}-{rows}.jsonl"
        client("s3").put_object(Bucket=os.environ["CAPTURE_BUCKET"], Key=key, Body=body)
        rows += len(part)
    return rows


def _count(rows: int) -> None:
    datum = {
        "MetricName": BATCH_ROWS.name,
        "Value": float(rows),
        "Unit": BATCH_ROWS.unit,
        "Dimensions": [{"Name": BATCH_ROWS.owner, "Value": os.environ["PIPELINE_NAME"]}],
    }
    client("cloudwatch").put_metric_data(Namespace=BATCH_ROWS.namespace, MetricData=[datum])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
