"""An endpoint over real HTTP, and the rest of AWS as functions held against botocore's model.

Requests to the endpoint leave a real client over a real socket. Every other call must be known
here: one that nobody expects fails the test.
"""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.response import StreamingBody

from mlops.aws_api.stand_in import answer_calls
from mlops.checks import clients as clients_module
from mlops.checks.clients import Clients, clients_in
from mlops.checks.plan import (
    Capture,
    Examples,
    Fleet,
    Guardrails,
    Plan,
    PlannedRelease,
    Traffic,
)
from mlops.rollout.probes import Case, Tolerance

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
HERE = "arn:aws:sagemaker:eu-west-1:400000000000"
ENDPOINT = "acme-prod-churn"
KEY = "arn:aws:kms:eu-west-1:400000000000:key/11111111-2222-3333-4444-555555555555"
PACKAGE = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn/3"
CALLER = "AKIACALLER0000000000"
"""The key id of whoever assumed a role."""
LOADER = Loader()
"""Reads each service's model once for all tests."""
Operation = Callable[..., dict[str, Any]]

RELEASE = PlannedRelease(
    model="churn",
    version=3,
    endpoint=ENDPOINT,
    release="0123456789ab",
    package=PACKAGE,
    content="a" * 64,
    image="d" * 64,
    key="alias/acme-prod",
    encrypted_disks=True,
    parameter="/acme/prod/churn/endpoint-name",
    caller_role="arn:aws:iam::400000000000:role/acme-prod-churn-caller",
    guardrails=Guardrails(
        strategy="canary",
        size_percent=10,
        wait_seconds=600,
        final_wait_seconds=600,
        timeout_seconds=3600,
        alarms=("acme-prod-churn-rollback-latency-0123456789ab",),
    ),
    fleet=Fleet(
        variant="AllTraffic",
        instance_type="ml.m5.large",
        min_instances=2,
        max_instances=4,
        scaled=False,
    ),
    capture=Capture(bucket="acme-captures", prefix="churn", sampling_percent=100),
    traffic=Traffic(
        requests_per_minute=3000,
        factor=1.0,
        minutes=0.03,
        warm_up_seconds=0.2,
        latency_p99_ms=200,
        allowance_ms=100,
        error_ratio=0.02,
    ),
    examples=Examples(
        cases=(
            Case(name="one", request={"age": 40}, response={"probability": 0.5}),
            Case(name="text", request="age\n40\n", response=[{"probability": 0.5}]),
        ),
        tolerance=Tolerance(relative=0.25),
        fields=("probability",),
    ),
)


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Aws:
    """Operations by name, or by key id and name where it matters who asks."""

    def __init__(self) -> None:
        self.operations: dict[str | tuple[str, str], Operation] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def offer(self, *operations: Operation, who: str | None = None) -> None:
        """Answer the operation that a function is named after."""
        for operation in operations:
            name = "".join(part.capitalize() for part in operation.__name__.split("_"))
            self.operations[(who, name) if who else name] = operation

    def refuse(self, name: str, code: str, message: str = "no", *, who: str | None = None) -> None:
        """Answer an operation with an error."""

        def refusal(**_: Any) -> dict[str, Any]:
            raise refused(code, message)

        self.operations[(who, name) if who else name] = refusal

    @staticmethod
    def refused(code: str, message: str = "no") -> ClientError:
        return refused(code, message)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def watch(self, client: Any, who: str) -> None:
        def answer(name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
            self.calls.append((name, dict(asked)))
            operation = self.operations.get((who, name)) or self.operations[name]
            return operation(**asked)

        answer_calls(client, answer)


class Session(boto3.session.Session):
    """A session whose clients are watched, but for the one that talks to the endpoint."""

    aws: Aws

    def __init__(self, **settings: Any) -> None:
        settings["botocore_session"] = botocore.session.get_session()
        settings["botocore_session"].register_component("data_loader", LOADER)
        super().__init__(**settings)

    def client(self, service: str, **settings: Any) -> Any:  # type: ignore[override]
        client = super().client(service, **settings)
        if service != "sagemaker-runtime":
            credentials = self.get_credentials()
            assert credentials is not None
            self.aws.watch(client, credentials.access_key)
        return client


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    fake = Aws()
    monkeypatch.setattr(clients_module.boto3, "Session", type("S", (Session,), {"aws": fake}))
    fake.offer(assume_role)
    return fake


def assume_role(*, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:
    return {
        "Credentials": {
            "AccessKeyId": CALLER,
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": LATER,
        }
    }


@pytest.fixture
def clients(aws: Aws) -> Clients:
    return clients_in("eu-west-1")


class Described:
    """The endpoint as SageMaker describes it: what was planned, until a test changes it."""

    def __init__(self, aws: Aws) -> None:
        self.status = "InService"
        self.config_name = "config-1"
        self.instances = 2
        self.release = RELEASE.release
        self.package: str | None = PACKAGE
        self.endpoint: dict[str, Any] = {
            "LastDeploymentConfig": {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "CANARY",
                        "WaitIntervalInSeconds": 600,
                        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
                    },
                    "TerminationWaitInSeconds": 600,
                    "MaximumExecutionTimeoutInSeconds": 3600,
                },
                "AutoRollbackConfiguration": {
                    "Alarms": [{"AlarmName": RELEASE.guardrails.alarms[0]}]
                },
            }
        }
        self.config: dict[str, Any] = {
            "KmsKeyId": KEY,
            "DataCaptureConfig": {
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://acme-captures/churn",
                "KmsKeyId": KEY,
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            },
        }
        self.instance_type = "ml.m5.large"
        self.variables = {"MODEL_CONTENT": "a" * 64}
        self.images = [{"ResolvedImage": f"registry/acme/churn@sha256:{'d' * 64}"}]
        aws.offer(
            self.describe_endpoint,
            self.describe_endpoint_config,
            self.describe_model,
            self.list_tags,
            self.describe_key,
        )

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:
        return {
            "EndpointName": EndpointName,
            "EndpointArn": f"{HERE}:endpoint/{EndpointName}",
            "EndpointConfigName": self.config_name,
            "EndpointStatus": self.status,
            "CreationTime": MOMENT,
            "LastModifiedTime": LATER,
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "CurrentInstanceCount": self.instances,
                    "DeployedImages": self.images,
                }
            ],
            **self.endpoint,
        }

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        return {
            "EndpointConfigName": EndpointConfigName,
            "EndpointConfigArn": f"{HERE}:endpoint-config/{EndpointConfigName}",
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "ModelName": "model-1",
                    "InstanceType": self.instance_type,
                }
            ],
            "CreationTime": LATER,
            **self.config,
        }

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:
        container: dict[str, Any] = {"Environment": self.variables}
        if self.package is not None:
            container["ModelPackageName"] = self.package
        return {
            "ModelName": ModelName,
            "ModelArn": f"{HERE}:model/{ModelName}",
            "Containers": [container],
            "CreationTime": MOMENT,
        }

    def list_tags(self, *, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": [{"Key": "mlops:release", "Value": self.release}]}

    def describe_key(self, *, KeyId: str) -> dict[str, Any]:
        return {"KeyMetadata": {"KeyId": KEY.rpartition("/")[2], "Arn": KEY}}


@pytest.fixture
def described(aws: Aws) -> Described:
    return Described(aws)


@dataclass
class Endpoint:
    """SageMaker's runtime, as far as one endpoint goes."""

    status: int = 200
    answer: bytes | None = None
    """None: what was recorded."""
    delay: float = 0.0
    requests: list[tuple[float, str, dict[str, str], bytes]] = field(default_factory=list)

    def reply(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.requests.append((time.monotonic(), path, headers, body))
        time.sleep(self.delay)
        if self.status != 200:
            return self.status, b'{"message": "the model failed"}'
        if self.answer is not None:
            return 200, self.answer
        recorded = {case.body: case.response for case in RELEASE.examples.cases}
        return 200, json.dumps(recorded[body]).encode()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A server that speaks the runtime's path, which every client finds by the environment."""
    served = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = served.reply(self.path, dict(self.headers), body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture
def release() -> PlannedRelease:
    return RELEASE


@pytest.fixture
def plan() -> Plan:
    return Plan(
        stage="prod",
        account="400000000000",
        region="eu-west-1",
        checks=("smoke",),
        releases=(replace(RELEASE),),
    )


class Clock:
    """Time that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.sleep", clock.sleep)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def body() -> Callable[[bytes], StreamingBody]:
    """The body of an answer, as a client returns it."""
    return lambda content: StreamingBody(io.BytesIO(content), len(content))
