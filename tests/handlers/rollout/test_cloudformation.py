"""CloudFormation is answered where it asked to be, in a size that it reads."""

import json
import urllib.request
from typing import Any

import pytest

from mlops_handlers.rollout.cloudformation import Answer, respond

EVENT = {
    "ResponseURL": "https://cloudformation.example/answer?signature=1",
    "StackId": "stack",
    "RequestId": "r1",
    "LogicalResourceId": "Check",
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[urllib.request.Request]:
    requests: list[urllib.request.Request] = []

    def opened(request: urllib.request.Request, timeout: float) -> Any:
        requests.append(request)
        return type("Response", (), {"close": lambda self: None})()

    monkeypatch.setattr(urllib.request, "urlopen", opened)
    return requests


def test_the_answer_is_put_to_the_presigned_url(sent: list[urllib.request.Request]) -> None:
    respond(EVENT, Answer(succeeded=False, reason="no"))

    (request,) = sent
    assert request.get_method() == "PUT"
    assert request.full_url == EVENT["ResponseURL"]
    assert request.get_header("Content-type") == ""
    assert json.loads(request.data) == {  # type: ignore[arg-type]  # bytes, given above
        "Status": "FAILED",
        "Reason": "no",
        "PhysicalResourceId": "Check",
        "StackId": "stack",
        "RequestId": "r1",
        "LogicalResourceId": "Check",
    }


def test_a_long_reason_is_cut_to_what_cloudformation_reads(
    sent: list[urllib.request.Request],
) -> None:
    respond(EVENT, Answer(succeeded=True, reason="x" * 10_000))

    assert len(sent[0].data) < 4096  # type: ignore[arg-type]  # bytes, given above


def test_an_answer_goes_to_https_only(sent: list[urllib.request.Request]) -> None:
    with pytest.raises(ValueError, match="not an https URL"):
        respond(EVENT | {"ResponseURL": "file:///etc/passwd"}, Answer(succeeded=True, reason=""))
    assert sent == []
