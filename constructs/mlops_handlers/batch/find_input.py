"""First step of a batch run: takes the files that no run has taken, each exactly once.

What was taken is said by an object of its own for each upload, which only one run can create: two
uploads that start two runs at once cannot both score a file. It stays where a run fails, so that a
file which the model refuses does not fail every later run; uploading it again makes a new claim.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.metrics import (
    BATCH,
    BATCH_EMPTY_FILES,
    BATCH_FILES,
    BATCH_RUNS,
    PIPELINE,
    OwnMetric,
)
from mlops_handlers.clients import client

LOG: Final = logging.getLogger()
_TAKEN: Final = ("PreconditionFailed", "ConditionalRequestConflict")


def handler(event: dict[str, str], _context: object) -> dict[str, str]:
    """Answer the pipeline's step with how many files there are, and with the job's places."""
    run, prefix = event["Run"], os.environ["PREFIX"]
    taken = [found for found in _waiting(prefix) if _take(found, run, prefix)]
    files = [found["Key"].removeprefix(f"{prefix}/input/") for found in taken if found["Size"]]
    empty = [found["Key"] for found in taken if not found["Size"]]
    for key in empty:
        LOG.warning("%s is empty and was left out", key)
    _count({BATCH_RUNS: 1, BATCH_FILES: len(files), BATCH_EMPTY_FILES: len(empty)})
    return {
        "Files": str(len(files)),
        "ManifestUri": _list(files, run, prefix),
        "OutputUri": f"s3://{os.environ['BUCKET']}/{prefix}/output/{run}",
    }


def _waiting(prefix: str) -> Iterator[Mapping[str, Any]]:
    """Uploads that nobody has claimed; a key that ends with a slash is a console's folder."""
    claimed = {found["Key"] for found in _objects(f"{prefix}/taken/")}
    for found in _objects(f"{prefix}/input/"):
        if not found["Key"].endswith("/") and _claim(found, prefix) not in claimed:
            yield found


def _take(found: Mapping[str, Any], run: str, prefix: str) -> bool:
    """Claim an upload; False where another run was quicker."""
    content = json.dumps({"key": found["Key"], "run": run}).encode()
    try:
        client("s3").put_object(
            Bucket=os.environ["BUCKET"], Key=_claim(found, prefix), Body=content, IfNoneMatch="*"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in _TAKEN:
            return False
        raise
    return True


def _claim(found: Mapping[str, Any], prefix: str) -> str:
    """Key of an upload's claim; the same file uploaded again has another one."""
    upload = f"{found['Key']}\n{found['ETag']}\n{found['LastModified'].isoformat()}"
    return f"{prefix}/taken/{hashlib.sha256(upload.encode()).hexdigest()[:32]}.json"


def _objects(prefix: str) -> Iterator[Mapping[str, Any]]:
    pages = client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=os.environ["BUCKET"], Prefix=prefix):
        yield from page.get("Contents", ())


def _list(files: list[str], run: str, prefix: str) -> str:
    """Write the run's files as a job's input of type ManifestFile wants them."""
    bucket, key = os.environ["BUCKET"], f"{prefix}/runs/{run}.manifest"
    content = [{"prefix": f"s3://{bucket}/{prefix}/input/"}, *files]
    client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(content, indent=1).encode())
    return f"s3://{bucket}/{key}"


def _count(values: Mapping[OwnMetric, int]) -> None:
    dimensions = [{"Name": PIPELINE, "Value": os.environ["PIPELINE_NAME"]}]
    data = [
        {
            "MetricName": metric.name,
            "Value": float(value),
            "Unit": metric.unit,
            "Dimensions": dimensions,
        }
        for metric, value in values.items()
    ]
    client("cloudwatch").put_metric_data(Namespace=BATCH, MetricData=data)
