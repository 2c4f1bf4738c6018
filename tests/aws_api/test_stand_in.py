import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlops.aws_api.stand_in import (
    ForbiddenRequestError,
    ImpossibleAnswerError,
    RefusedError,
    answer_calls,
)

ROOT = Path(__file__).parent.parent.parent
SEATS = {"mlops/aws_api/stand_in.py", "mlops/registry/local.py"}
"""Where a function takes the place of a service; each asks the one checker."""


def client(answer: Any) -> Any:
    return answer_calls(boto3.client("ssm", region_name="eu-west-1"), answer)


def test_a_function_answers_in_place_of_the_service() -> None:
    def answer(operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Parameter": {"Name": asked["Name"], "Value": operation}}

    found = client(answer).get_parameter(Name="/a")

    assert found["Parameter"] == {"Name": "/a", "Value": "GetParameter"}


def test_what_the_service_would_refuse_reaches_the_caller_as_the_services_error() -> None:
    def answer(*_: Any) -> dict[str, Any]:
        raise RefusedError("ParameterNotFound", "no /a")

    with pytest.raises(ClientError) as refused:
        client(answer).get_parameter(Name="/a")

    assert refused.value.response["Error"] == {"Code": "ParameterNotFound", "Message": "no /a"}


def test_a_forbidden_request_is_no_error_of_the_service_and_gets_no_answer() -> None:
    with pytest.raises(ForbiddenRequestError, match=r"PutParameter: .*enum value set"):
        client(lambda *_: {}).put_parameter(Name="/a", Value="1", Type="Text")


def test_an_answer_that_the_service_could_not_give_is_an_error_of_the_stand_in() -> None:
    with pytest.raises(ImpossibleAnswerError, match=r"GetParameter: .*has no such member"):
        client(lambda *_: {"Parametr": {}}).get_parameter(Name="/a")


def seats(path: Path) -> Iterator[str]:
    """Whether a file hooks into botocore's events, which is how a stand-in is made."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in ("register", "register_first"):
            owner = ast.unparse(node.value)
            if owner.endswith(".events"):
                yield owner


def test_nobody_takes_a_services_seat_but_through_the_checker() -> None:
    folders = ("mlops", "constructs", "stacks", "delivery", "tests", "benchmarks")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if any(seats(path))
    }

    assert found == SEATS


def test_a_stub_that_answers_a_forbidden_request_fails_the_test_that_uses_it() -> None:
    from botocore.stub import Stubber

    ssm = boto3.client("ssm", region_name="eu-west-1")
    forbidden: Any = {"Name": "/a", "Value": "1", "Type": "Text"}
    with Stubber(ssm) as stub:
        stub.add_response("put_parameter", {"Version": 1})
        with pytest.raises(AssertionError, match="PutParameter was answered although"):
            ssm.put_parameter(**forbidden)
