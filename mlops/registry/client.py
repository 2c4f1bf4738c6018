"""The calls of the SageMaker API that the registry needs, whoever answers them."""

# ruff: noqa: D102  # the methods are operations of the API, under its own names

from typing import Any, Protocol, cast

import boto3


class SageMakerClient(Protocol):
    """A boto3 SageMaker client, as far as model packages are concerned."""

    def create_model_package_group(self, **request: Any) -> dict[str, Any]: ...
    def describe_model_package_group(self, **request: Any) -> dict[str, Any]: ...
    def list_model_package_groups(self, **request: Any) -> dict[str, Any]: ...
    def create_model_package(self, **request: Any) -> dict[str, Any]: ...
    def describe_model_package(self, **request: Any) -> dict[str, Any]: ...
    def list_model_packages(self, **request: Any) -> dict[str, Any]: ...
    def update_model_package(self, **request: Any) -> dict[str, Any]: ...


def aws_client(*, region: str, profile: str | None = None) -> SageMakerClient:
    """The registry of an AWS account, with the credentials of the environment or a profile."""
    session = boto3.Session(profile_name=profile, region_name=region)
    return cast("SageMakerClient", session.client("sagemaker"))
