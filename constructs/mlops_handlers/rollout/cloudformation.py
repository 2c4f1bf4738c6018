"""Answers CloudFormation about a custom resource."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_LONGEST_REASON: Final = 1500
"""CloudFormation reads at most 4096 bytes of an answer."""
_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Whether the resource is as it should be, and why."""

    succeeded: bool
    reason: str


def respond(event: Mapping[str, Any], answer: Answer) -> None:
    """Send an answer; the physical id never changes, so that nothing is ever replaced.

    Raises:
        OSError: CloudFormation could not be reached.
    """
    body = json.dumps(
        {
            "Status": "SUCCESS" if answer.succeeded else "FAILED",
            "Reason": answer.reason[:_LONGEST_REASON],
            "PhysicalResourceId": event["LogicalResourceId"],
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
        }
    ).encode()
    url = event["ResponseURL"]
    if not url.startswith("https://"):
        raise ValueError(f"the response URL is not an https URL: {url[:40]}")
    # The URL is presigned for an empty content type.
    headers = {"Content-Type": "", "Content-Length": str(len(body))}
    request = urllib.request.Request(url, data=body, method="PUT", headers=headers)  # noqa: S310  # https, checked above
    urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()  # noqa: S310  # https, checked above
