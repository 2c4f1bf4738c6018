"""Clients of boto3 whose calls are answered here, and whose every request AWS would accept.

This is the only place that takes AWS's seat. What the caller must see as an answer of the service
is raised as `RefusedError`; a request that the service's model forbids is an error in whoever asks,
so it is raised in a way that no handler of service errors catches.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from mlops.aws_api.requests import objections

Answer = dict[str, Any]
_REFUSED: Final = 400


class RefusedError(Exception):
    """A refusal with the error code that the service would answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ForbiddenRequestError(Exception):
    """A request that the service's own model forbids."""


class ImpossibleAnswerError(Exception):
    """A stand-in answered what the service could not."""


def answer_calls(
    client: Any,
    answer: Callable[[str, Mapping[str, Any]], Answer],
    *,
    operation: str | None = None,
) -> Any:
    """Let a function answer all that a client asks, by operation and request; never the network.

    Args:
        client: of any service.
        answer: gets the operation's name and the request, returns what boto3 would return. It
            raises RefusedError where the service would refuse for a reason of its own.
        operation: the one that is answered here; None: every one.

    Returns:
        The same client.
    """

    def check(params: dict[str, Any], model: Any, context: Any, **_: Any) -> None:
        found = list(objections(model.input_shape, params))
        if found:
            raise ForbiddenRequestError(f"{model.name}: {'; '.join(found)}")
        context["asked"] = dict(params)

    def reply(model: Any, context: Any, **_: Any) -> tuple[AWSResponse, Answer]:
        try:
            answered = answer(model.name, context["asked"])
        except RefusedError as error:
            refusal = {"Code": error.code, "Message": str(error)}
            return _response(_REFUSED), {"Error": refusal, "ResponseMetadata": {}}
        if model.get_streaming_output() is None and model.output_shape is not None:
            found = list(objections(model.output_shape, answered))
            if found:
                raise ImpossibleAnswerError(f"{model.name}: {'; '.join(found)}")
        return _response(200), answered

    service = client.meta.service_model.service_id.hyphenize()
    asked = "" if operation is None else f".{service}.{operation}"
    client.meta.events.register(f"before-parameter-build{asked}", check)
    client.meta.events.register(f"before-call{asked}", reply)
    return client


def _response(status: int) -> AWSResponse:
    return AWSResponse("https://stand-in.invalid", status, HTTPHeaders(), None)
