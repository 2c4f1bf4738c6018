"""Runs in a process of its own: calls the deployed prober each minute of a rehearsed deployment.

The handler's code, settings and clients are the deployed ones. InvokeEndpoint goes over HTTP to the
rehearsal's endpoint, with the client's own timeouts and errors; the other services are answered
here. Only time is another one: the handler's clock runs as fast as the deployment's.

A line of JSON on the connection to the rehearsal is one message: `{"status": ...}` calls the
handler once, `{"measure": ...}` asks how long one probe takes; the answers are `published`, `done`
and `seconds`.
"""

import contextlib
import importlib
import io
import json
import socket
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.response import StreamingBody

from mlops.aws_api.stand_in import Answer, RefusedError, answer_calls
from mlops.registry import local_client
from mlops.rehearsal.local_aws.storage import LocalS3, StorageError

MEASURED_PROBES: Final = 5


class Written(Protocol):
    """The end of the connection that is written to."""

    def write(self, text: str, /) -> object:
        """Take a line."""

    def flush(self) -> None:
        """Let it travel."""


@dataclass(kw_only=True)
class Services:
    """What the prober asks: where the endpoint is, what was registered, who hears of the scores."""

    request: Mapping[str, Any]
    told: Written
    status: str = "InService"

    def client(self, service: str, region_name: str | None = None, **given: Any) -> Any:
        """A client of one service; only InvokeEndpoint leaves this process, for the loopback."""
        runtime = service == "sagemaker-runtime"
        where = {"endpoint_url": f"http://127.0.0.1:{self.request['port']}"} if runtime else {}
        made = boto3.Session(
            region_name=region_name or self.request["region"],
            aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",  # noqa: S106  # nobody checks the signature
        ).client(service, **where, **given)  # type: ignore[call-overload]  # any service
        return made if runtime else answer_calls(made, self._answer)

    def tell(self, **message: Any) -> None:
        """Send one message to the rehearsal."""
        self.told.write(f"{json.dumps(message)}\n")
        self.told.flush()

    def _answer(self, operation: str, asked: Mapping[str, Any]) -> Answer:
        operations: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "DescribeEndpoint": self._endpoint,
            "DescribeModelPackage": self._package,
            "GetObject": self._object,
            "PutMetricData": self._published,
        }
        if operation not in operations:
            raise RefusedError("UnknownOperationException", f"{operation} is not rehearsed")
        return operations[operation](asked)

    def _endpoint(self, asked: Mapping[str, Any]) -> Answer:
        name, now = asked["EndpointName"], datetime.now(UTC)
        place = f"{self.request['region']}:{self.request['account']}"
        return {
            "EndpointName": name,
            "EndpointArn": f"arn:aws:sagemaker:{place}:endpoint/{name}",
            "EndpointStatus": self.status,
            "CreationTime": now,
            "LastModifiedTime": now,
        }

    def _package(self, asked: Mapping[str, Any]) -> Answer:
        _, _, _, region, account, _ = asked["ModelPackageName"].split(":", 5)
        client = local_client(Path(self.request["registry"]), account=account, region=region)
        found: Answer = client.describe_model_package(**asked)
        found.pop("ResponseMetadata", None)
        # Versions have no name of their own; the service's model asks for one in every answer.
        return {"ModelPackageName": found["ModelPackageGroupName"], **found}

    def _object(self, asked: Mapping[str, Any]) -> Answer:
        storage = LocalS3(Path(self.request["storage"]))
        try:
            content = storage.read_text(f"s3://{asked['Bucket']}/{asked['Key']}").encode()
        except StorageError as error:
            raise RefusedError("NoSuchKey", str(error)) from error
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    def _published(self, asked: Mapping[str, Any]) -> Answer:
        for datum in asked["MetricData"]:
            dimensions = {one["Name"]: one["Value"] for one in datum["Dimensions"]}
            counts = datum.get("Counts") or [1.0] * len(datum["Values"])
            self.tell(
                published={
                    "namespace": asked["Namespace"], "name": datum["MetricName"],
                    "dimensions": dimensions, "values": datum["Values"], "counts": counts,
                }
            )  # fmt: skip
        return {}


def main() -> None:
    """Do what the rehearsal asks until it closes the connection."""
    request = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    with socket.create_connection(("127.0.0.1", request["control"])) as connection:
        told, asked = connection.makefile("w"), connection.makefile("r")
        services = Services(request=request, told=told)
        # The handler asks boto3 as it does in Lambda; this process exists for it alone.
        vars(boto3)["client"] = services.client
        sys.path.insert(0, request["code"])
        module_name, _, name = request["handler"].rpartition(".")
        module = importlib.import_module(module_name.replace("/", "."))
        for line in asked:
            message = json.loads(line)
            if "measure" in message:
                services.tell(seconds=_probe_seconds(services, message["measure"]))
            else:
                vars(module)["time"] = _compressed(message["scale"])
                services.status = message["status"]
                services.tell(**_called(getattr(module, name)))


def _called(handler: Callable[[object, object], Any]) -> dict[str, Any]:
    """What Lambda would report of one call; an error ends the call and not the function."""
    try:
        return {"done": handler({}, None)}
    except Exception as error:  # noqa: BLE001  # the function's own, whatever it is
        traceback.print_exc()
        return {"done": None, "failed": f"{type(error).__name__}: {error}"}


def _compressed(scale: float) -> SimpleNamespace:
    """The handler's clock: so many of its seconds pass in a real one."""
    return SimpleNamespace(
        monotonic=lambda: time.monotonic() * scale,
        sleep=lambda seconds: time.sleep(seconds / scale),
    )


def _probe_seconds(services: Services, asked: Mapping[str, str]) -> float:
    """How long one probe takes from here, in real time; an endpoint's error is an answer too."""
    client = services.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))
    taken = []
    for _ in range(MEASURED_PROBES):
        began = time.monotonic()
        # A fleet that is sick from the start is measured as it answers.
        with contextlib.suppress(ClientError, HTTPClientError):
            client.invoke_endpoint(
                EndpointName=asked["endpoint"],
                ContentType=asked["content_type"],
                Body=asked["body"],
            )["Body"].read()
        taken.append(time.monotonic() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
