"""A real boto3 SageMaker client whose requests a folder answers.

botocore validates the call, signs it, and parses the answer as always; only the moment of sending
is replaced. Nothing ever reaches the network: an operation unknown to the folder is refused.
"""

import io
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.session import Session

from mlops.aws_api.requests import objections
from mlops.registry.client import SageMakerClient
from mlops.registry.operations import OperationError, Operations
from mlops.registry.store import Store

LOCAL_ACCOUNT: Final = "000000000000"
LOCAL_REGION: Final = "eu-west-1"


def local_client(
    folder: Path, *, account: str = LOCAL_ACCOUNT, region: str = LOCAL_REGION
) -> SageMakerClient:
    """A client of the registry in a folder, as if it were this account's in this region.

    It refuses what AWS would refuse in AWS's words. What a disk or an editor broke has no words of
    AWS: its calls raise RegistryError.
    """
    session = boto3.Session(
        botocore_session=_botocore_session(),
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  # signs requests that are never sent
    )
    client = session.client(
        "sagemaker",
        endpoint_url="https://registry.local.invalid",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    operations = Operations(store=Store(folder), account=account, region=region)
    answering = _Answering(operations, client.meta.service_model)
    client.meta.events.register("before-send.sagemaker", answering)
    return cast("SageMakerClient", client)


def _botocore_session() -> Session:
    session = Session()
    session.register_component("data_loader", _loader())
    return session


@lru_cache
def _loader() -> Loader:
    """One loader for all clients: SageMaker's service model takes a tenth of a second to read."""
    loader: Loader = Session().get_component("data_loader")
    return loader


class _Answering:
    """Takes the place of the HTTP connection."""

    def __init__(self, operations: Operations, model: ServiceModel) -> None:
        self.operations = operations
        self.model = model

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        try:
            return _response(request, 200, self._answer(request))
        except OperationError as error:
            return _response(request, 400, {"__type": error.code, "message": error.message})

    def _answer(self, request: AWSPreparedRequest) -> dict[str, Any]:
        operation = _text(request.headers["X-Amz-Target"]).rpartition(".")[2]
        body = json.loads(_text(request.body))
        method = self.operations[operation]
        found = list(objections(self.model.operation_model(operation).input_shape, body))
        if found:
            count = f"{len(found)} validation error{'' if len(found) == 1 else 's'} detected"
            raise OperationError("ValidationException", f"{count}: {'; '.join(found)}")
        return method(body)


class _Raw(io.BytesIO):
    """The part of a urllib3 response that botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _response(request: AWSPreparedRequest, status: int, answer: dict[str, Any]) -> AWSResponse:
    body = json.dumps(answer).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "Content-Length": str(len(body))}
    return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Raw(body))
