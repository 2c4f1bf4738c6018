"""Runs in a process of its own: calls a Lambda handler whose AWS is this machine's.

Its SageMaker is the local registry, which knows the execution under way as well; its S3 is the
folder that stands for all buckets; images, where it asks for them, are known by their tags.
"""

import importlib
import io
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
from botocore.response import StreamingBody

from mlops.aws_api.stand_in import Answer, RefusedError, answer_calls
from mlops.registry import local_client
from mlops.rehearsal.local_aws.image_registry import image_registry
from mlops.rehearsal.local_aws.storage import LocalS3, StorageError

Request = Mapping[str, Any]


def main() -> None:
    """Read the request that the rehearsal wrote, call the handler, write its answer."""
    request = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    # A client of its own below: the handler's `boto3.client` is replaced.
    session = boto3.Session(
        region_name=request["region"],
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",  # noqa: S106  # signs requests that are never sent
    )

    def client(service: str, region_name: str | None = None, **_: Any) -> object:
        if service == "ecr":
            return image_registry(region_name or request["region"])
        if service == "s3":
            return answer_calls(session.client("s3"), _stored(request), operation="GetObject")
        if service != "sagemaker":
            raise NotImplementedError(f"the rehearsal has no {service} client")
        registry = local_client(
            Path(request["registry"]), account=request["account"], region=request["region"]
        )
        return answer_calls(registry, _executing(request), operation="DescribePipelineExecution")

    # The handler asks boto3 as it does in Lambda; this process exists for this one call.
    vars(boto3)["client"] = client
    _, handler = loaded(request)
    answer = handler(request["event"], None)
    Path(request["answer"]).write_text(json.dumps(answer), "utf-8")


def loaded(request: Mapping[str, Any]) -> tuple[ModuleType, Callable[[Any, Any], Any]]:
    """The module of a request's handler, from the code as it is deployed, and the handler."""
    sys.path.insert(0, request["code"])
    name, _, function = request["handler"].rpartition(".")
    module = importlib.import_module(name.replace("/", "."))
    handler: Callable[[Any, Any], Any] = getattr(module, function)
    return module, handler


def _executing(request: Request) -> Any:
    def answer(_operation: str, asked: Request) -> Answer:
        execution: Answer = request.get("execution", {})
        if asked["PipelineExecutionArn"] != execution.get("PipelineExecutionArn"):
            raise RefusedError("ResourceNotFound", "Pipeline execution does not exist.")
        return execution

    return answer


def _stored(request: Request) -> Any:
    def answer(_operation: str, asked: Request) -> Answer:
        storage = LocalS3(Path(request["storage"]))
        try:
            content = storage.read_text(f"s3://{asked['Bucket']}/{asked['Key']}").encode()
        except StorageError as error:
            raise RefusedError("NoSuchKey", str(error)) from error
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    return answer


if __name__ == "__main__":
    main()
