"""Runs in a process of its own: calls a deployed handler whose AWS is one stage's services here.

What the handler sends to CloudFormation's presigned URL is kept beside its answer.
"""

import io
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from mlops.rehearsal.delivery.services import StageServices
from mlops.rehearsal.local_aws.lambda_runtime import loaded


def main() -> None:
    """Read the request that the rehearsal wrote, call the handler, keep what it did."""
    request = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    services = StageServices.read(Path(request["services"]))
    told: list[dict[str, Any]] = []

    def urlopen(sent: urllib.request.Request, **_: Any) -> io.BytesIO:
        assert isinstance(sent.data, bytes)
        told.append(json.loads(sent.data))
        return io.BytesIO()

    # The handler asks boto3 and urllib as it does in Lambda; this process exists for one call.
    # Nothing is behind here, so that waiting for it would be waiting for nothing.
    vars(time)["sleep"] = lambda _: None
    vars(boto3)["client"] = services.client
    vars(urllib.request)["urlopen"] = urlopen
    _, handler = loaded(request)
    answer = handler(request["event"], None)
    services.write(Path(request["services"]))
    content = {"answer": answer, "cloudformation": told}
    Path(request["answer"]).write_text(json.dumps(content), "utf-8")


if __name__ == "__main__":
    main()
