"""Whether a request arrives where monitoring reads: SageMaker writes captures minutes later."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlops.checks.clients import Clients
from mlops.checks.plan import Capture, PlannedRelease
from mlops.checks.result import Finding, failed, passed, skipped

PATIENCE_SECONDS: Final = 600
PAUSE_SECONDS: Final = 15
_EVERYTHING: Final = 100
_CLOCKS: Final = timedelta(minutes=1)
"""How far the clocks of S3 and of this machine may be apart."""


def arrived(
    clients: Clients,
    release: PlannedRelease,
    capture: Capture,
    *,
    inference_id: str,
    since: datetime,
) -> Finding:
    """Wait a bounded time for the object that holds a request of this inference id.

    Below a sample of 100 %, a request that never arrives may just not have been drawn.
    """
    seen: set[str] = set()
    began = time.monotonic()
    while True:
        for key in _new_objects(clients, release, capture, since=since, seen=seen):
            if _holds(clients("s3"), capture.bucket, key, inference_id):
                return passed(f"s3://{capture.bucket}/{key}")
        if time.monotonic() - began > PATIENCE_SECONDS:
            return _missing(capture, inference_id)
        time.sleep(PAUSE_SECONDS)


def _missing(capture: Capture, inference_id: str) -> Finding:
    told = f"{inference_id} did not arrive in s3://{capture.bucket} in {PATIENCE_SECONDS} s"
    if capture.sampling_percent < _EVERYTHING:
        return skipped(f"{told}; {capture.sampling_percent} % of the requests are captured")
    return failed(told)


def _new_objects(
    clients: Clients,
    release: PlannedRelease,
    capture: Capture,
    *,
    since: datetime,
    seen: set[str],
) -> Iterator[str]:
    """Objects that were written after the request, each once."""
    home = f"{capture.prefix}/{release.endpoint}/{release.fleet.variant}"
    for hour in _hours(since):
        pages = (
            clients("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=capture.bucket, Prefix=f"{home}/{hour:%Y/%m/%d/%H}/")
        )
        for found in (one for page in pages for one in page.get("Contents", [])):
            if found["Key"] not in seen and found["LastModified"] >= since - _CLOCKS:
                seen.add(found["Key"])
                yield found["Key"]


def _hours(since: datetime) -> Iterator[datetime]:
    """Every hour from the request's to now: captures lie in folders by the hour, in UTC."""
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour <= datetime.now(UTC):
        yield hour
        hour += timedelta(hours=1)


def _holds(s3: Any, bucket: str, key: str, inference_id: str) -> bool:
    """Whether one line of the object has this id; it is read line by line, however large it is."""
    wanted = inference_id.encode()
    lines = s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines()
    return any(wanted in line for line in lines)
