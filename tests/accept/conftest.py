"""AWS as the probes see it: scripted answers, and every request held against AWS's own model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.session import Session

from mlops.accept.ground import Ground
from mlops.aws_api.stand_in import RefusedError, answer_calls
from mlops.contract import Platform, load_platform

STAGES = ("dev", "staging", "prod")
LOADER = Loader()
Operation = Callable[[Mapping[str, Any]], dict[str, Any]]


@pytest.fixture(scope="session")
def platform(root: Path) -> Platform:
    return load_platform(root)


@pytest.fixture(scope="session")
def ground_of(platform: Platform, assembly: Path) -> Callable[[str], Ground]:
    stages = {stage.name: stage for stage in platform.stages.stages}

    def of(stage: str) -> Ground:
        return Ground(
            names=platform.names, stage=stages[stage], folder=assembly, stamp="20260101000000"
        )

    return of


class Account:
    """Operations by name; what is not known here is refused as the service does."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def answer(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append((operation, dict(asked)))
        if operation not in self.operations:
            raise RefusedError("AccessDeniedException", f"not authorized to {operation}")
        return self.operations[operation](asked)

    def offer(self, operation: str, answer: dict[str, Any]) -> None:
        self.operations[operation] = lambda _: answer

    def refuse(self, operation: str, code: str, message: str = "no") -> None:
        def refusal(_: Mapping[str, Any]) -> dict[str, Any]:
            raise RefusedError(code, message)

        self.operations[operation] = refusal

    def clients(self, _place: str) -> Callable[[str], Any]:
        return self.client

    def client(self, service: str) -> Any:
        session = Session()
        session.register_component("data_loader", LOADER)
        made = boto3.Session(botocore_session=session, region_name="eu-west-1")
        return answer_calls(made.client(service), self.answer)  # type: ignore[call-overload]

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture(scope="session")
def model_of() -> Callable[[str], ServiceModel]:
    return lambda service: ServiceModel(LOADER.load_service_model(service, "service-2"), service)
