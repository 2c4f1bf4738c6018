"""First step of the drift job: lays out what the isolated job reads, since it can ask nobody."""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from mlops_handlers.clients import client
from mlops_handlers.monitoring.monitored_window import MonitoredWindow

NOTHING: Final = "nothing.jsonl"
"""A file without a record in every manifest: a job without input fails before it can say so.

It holds one blank line, which readers skip: an object of no bytes might not count as input.
"""


class NoBaselineError(RuntimeError):
    """The deployed version was registered without a baseline."""


def handler(event: dict[str, str], _context: object) -> dict[str, str]:
    """Answer the pipeline's step with the places of the job's inputs and of its report."""
    window = MonitoredWindow.asked(
        event["WindowEnd"],
        now=event["Time"],
        days=int(os.environ["WINDOW_DAYS"]),
        delay_days=int(os.environ["LABEL_DELAY_DAYS"]),
    )
    folder = f"{os.environ['REPORTS']}/{window.start}"
    start, end = window.bounds
    baseline, digest = _baseline(os.environ["PACKAGE"])
    job = json.loads(os.environ["JOB"]) | {"baseline_sha256": digest}
    return {
        "BaselineUri": baseline,
        "CapturesUri": _manifest(f"{folder}/input/captures", window, os.environ["CAPTURES"]),
        "TruthUri": _manifest(f"{folder}/input/truth", window, os.environ["GROUND_TRUTH"]),
        "JobUri": _put(f"{folder}/input/job/job.json", job),
        "ReportUri": f"s3://{os.environ['BUCKET']}/{folder}/report",
        "Start": start,
        "End": end,
    }


def _baseline(package_arn: str) -> tuple[str, str | None]:
    """The folder of a version's baseline, and its content where the registration recorded it.

    Raises:
        NoBaselineError: it has none.
    """
    package = client("sagemaker").describe_model_package(ModelPackageName=package_arn)
    quality = package.get("DriftCheckBaselines", {}).get("ModelDataQuality", {})
    uri = quality.get("Constraints", {}).get("S3Uri")
    if not uri:
        raise NoBaselineError(
            f"{package_arn} has no drift baseline; remedy: release a version that its pipeline "
            "registered with one"
        )
    digest = package.get("CustomerMetadataProperties", {}).get("baseline_sha256")
    return str(uri).rpartition("/")[0], digest


def _manifest(place: str, window: MonitoredWindow, home: str) -> str:
    """Write the list of the window's files, as a job's input of type ManifestFile wants it."""
    nothing = f"{place}/{NOTHING}"
    client("s3").put_object(Bucket=os.environ["BUCKET"], Key=nothing, Body=b"\n")
    keys = [nothing, *_keys(window.prefixes(home))]
    content: list[Any] = [{"prefix": f"s3://{os.environ['BUCKET']}/"}, *keys]
    return _put(f"{place}.manifest", content)


def _keys(prefixes: Sequence[str]) -> Iterator[str]:
    pages = client("s3").get_paginator("list_objects_v2")
    for prefix in prefixes:
        for page in pages.paginate(Bucket=os.environ["BUCKET"], Prefix=prefix):
            yield from (found["Key"] for found in page.get("Contents", ()) if found["Size"])


def _put(key: str, content: object) -> str:
    body = json.dumps(content, indent=1, sort_keys=True).encode()
    client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=body)
    return f"s3://{os.environ['BUCKET']}/{key}"
