"""Calls of deployed functions."""

import json
from typing import Any

from tests.external.emulator.accounts import DEV, root_of
from tests.external.emulator.servers import Server


def invoked(aws: Server, name: str, event: dict[str, str]) -> Any:
    """What the function answers whose name holds this; an error is an answer with its traceback."""
    client = aws.client("lambda", root_of(DEV))
    names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
    (function,) = (found for found in names if name in found)
    answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())
