"""AWS as the functions see it: real clients, each call held against botocore's model, no network.

`Endpoints` is a small SageMaker hosting service with the states that matter here: an update ends on
the new config, or silently on the old one; what an update to the config in force does is not
documented, so it can be told to accept or to refuse.
"""

# ruff: noqa: N803  # parameters are those of the API, under its own names

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.validate import validate_parameters

from mlops.registry.strict import objections
from mlops_constructs.handlers import clients, contract

START = datetime(2026, 1, 1, tzinfo=UTC)
ENDPOINT = "acme-prod-churn"
PACKAGES = "arn:aws:sagemaker:eu-west-1:200000000000:model-package/acme-churn"
ACCOUNT = "arn:aws:sagemaker:eu-west-1:400000000000"
CONTRACT = {
    "examples": {
        "relative_tolerance": 0.25,
        "absolute_tolerance": 0.0,
        "cases": [
            {"name": "one", "request": {"age": 40}, "response": {"probability": 0.5}},
            {"name": "text", "request": "age\n40\n", "response": {"probability": 0.5}},
        ],
    }
}
Operation = Callable[..., dict[str, Any]]


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Aws:
    """Clients whose operations are Python functions; a call nobody expects fails the test."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def client(self, service: str) -> Any:
        client = boto3.session.Session().client(service, region_name="eu-west-1")
        client.meta.events.register("before-parameter-build", self._check)
        client.meta.events.register("before-call", self._answer)
        return client

    def _check(self, params: dict[str, Any], model: Any, context: Any, **_: Any) -> None:
        found = list(objections(model.input_shape, params))
        assert not found, found
        context["asked"] = dict(params)

    def _answer(self, model: Any, context: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        self.calls.append((model.name, context["asked"]))
        answer = self.operations[model.name](**context["asked"])
        if model.output_shape is not None and model.get_streaming_output() is None:
            validate_parameters(answer, model.output_shape)
        return type("Response", (), {"status_code": 200})(), answer

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]


class Endpoints:
    """One endpoint, its configs and its models."""

    def __init__(self, aws: Aws, *, accepts_current: bool = True) -> None:
        self.configs: dict[str, dict[str, Any]] = {}
        self.status = "InService"
        self.config = ""
        self.pending = ""
        self.created = self.updated = START
        self.accepts_current = accepts_current
        operations: tuple[Operation, ...] = (
            self.describe_endpoint,
            self.describe_endpoint_config,
            self.describe_model,
            self.list_tags,
            self.list_endpoints,
            self.list_endpoint_configs,
            self.update_endpoint,
            self.delete_endpoint_config,
            self.delete_model,
        )
        for operation in operations:
            name = "".join(part.capitalize() for part in operation.__name__.split("_"))
            aws.operations[name] = operation

    def add_config(
        self, release: str, *, version: int = 3, age: timedelta = timedelta(), owner: str = ENDPOINT
    ) -> str:
        """A config as the template makes it."""
        self.configs[f"config-{release}"] = {
            "model": f"model-{release}",
            "package": f"{PACKAGES}/{version}",
            "created": START - age,
            "tags": {"mlops:release": release, "mlops:endpoint": owner},
        }
        return f"config-{release}"

    def create(self, config: str) -> None:
        self.config = config

    def release(self, config: str, *, rolled_back: bool = False) -> None:
        """A whole deployment, an hour after the endpoint's creation."""
        self.configs[config]["created"] = START + timedelta(hours=1)
        self.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config)
        self.finish(rolled_back=rolled_back)

    def finish(self, *, rolled_back: bool = False) -> None:
        self.config = self.config if rolled_back else self.pending
        self.status = "InService"
        self.updated = START + timedelta(hours=2)

    def update_endpoint(self, *, EndpointName: str, EndpointConfigName: str) -> dict[str, Any]:
        if EndpointConfigName == self.config and not self.accepts_current:
            raise refused("ValidationException", "you must create a new EndpointConfig")
        self.status, self.pending = "Updating", EndpointConfigName
        return {"EndpointArn": f"{ACCOUNT}:endpoint/{EndpointName}"}

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:
        return {
            "EndpointName": EndpointName,
            "EndpointArn": f"{ACCOUNT}:endpoint/{EndpointName}",
            "EndpointConfigName": self.config,
            "EndpointStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.updated,
        }

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        config = self.configs[EndpointConfigName]
        return {
            "EndpointConfigName": EndpointConfigName,
            "EndpointConfigArn": f"{ACCOUNT}:endpoint-config/{EndpointConfigName}",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": config["model"]}],
            "CreationTime": config["created"],
        }

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:
        package = next(c["package"] for c in self.configs.values() if c["model"] == ModelName)
        return {
            "ModelName": ModelName,
            "ModelArn": f"{ACCOUNT}:model/{ModelName}",
            "Containers": [{"ModelPackageName": package}],
            "CreationTime": START,
        }

    def list_tags(self, *, ResourceArn: str) -> dict[str, Any]:
        tags = self.configs[ResourceArn.rpartition("/")[2]]["tags"]
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def list_endpoints(self) -> dict[str, Any]:
        summary = {
            "EndpointName": ENDPOINT,
            "EndpointArn": f"{ACCOUNT}:endpoint/{ENDPOINT}",
            "CreationTime": self.created,
            "LastModifiedTime": self.updated,
            "EndpointStatus": self.status,
        }
        return {"Endpoints": [summary]}

    def list_endpoint_configs(self) -> dict[str, Any]:
        summaries = [
            {
                "EndpointConfigName": name,
                "EndpointConfigArn": f"{ACCOUNT}:endpoint-config/{name}",
                "CreationTime": config["created"],
            }
            for name, config in self.configs.items()
        ]
        return {"EndpointConfigs": summaries}

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        del self.configs[EndpointConfigName]
        return {}

    def delete_model(self, *, ModelName: str) -> dict[str, Any]:
        return {}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    fake = Aws()
    monkeypatch.setattr(clients.boto3, "client", fake.client)
    clients.client.cache_clear()
    yield fake
    clients.client.cache_clear()


@pytest.fixture
def endpoints(aws: Aws) -> Endpoints:
    return Endpoints(aws)


@pytest.fixture
def contract_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The contract that the archive holds beside the handlers."""
    (tmp_path / "contract.json").write_text(json.dumps(CONTRACT))
    monkeypatch.setattr(contract, "_ROOT", tmp_path)
    monkeypatch.setenv("CONTRACT", "contract.json")
    contract._examples.cache_clear()
    yield
    contract._examples.cache_clear()


@pytest.fixture
def body() -> Callable[[bytes], StreamingBody]:
    """The body of an answer, as a client returns it."""
    return lambda content: StreamingBody(io.BytesIO(content), len(content))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    """A clock that only sleeping moves."""
    clock = Clock()
    monkeypatch.setattr("time.sleep", clock.sleep)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    return clock


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds
