"""Which version a stage's endpoint runs, told by the endpoint itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlops.contract import Names, StageSpec
from mlops.rollout.release import RELEASE_TAG

ClientFactory = Callable[[str], Any]
"""Makes the client of an AWS service, with one stage's credentials and region."""
_NOT_FOUND: Final = "Could not find"


@dataclass(frozen=True, kw_only=True)
class Live:
    """What an endpoint answers, or why it does not."""

    version: int | None = None
    endpoint_status: str | None = None
    release: str | None = None
    """Hash of the release from the endpoint config's tag."""
    unknown: str | None = None
    """Why nothing is known; None where something is."""
    was_asked: bool = True
    """Whether the stage answered, if only that there is no such endpoint."""

    @property
    def is_served(self) -> bool:
        """Whether there is an endpoint at all."""
        return self.endpoint_status is not None


NOT_ASKED: Final = Live(unknown="not served here")


def stage_clients(stage: StageSpec, *, profile: str | None) -> ClientFactory:
    """Clients in a stage's region, with the environment's credentials or a profile's.

    A profile that does not exist is found out by the first client.
    """

    @cache
    def session() -> boto3.Session:
        return boto3.Session(profile_name=profile, region_name=stage.region)

    def make(service: str) -> Any:
        # boto3's overloads know each service by its literal name.
        return session().client(service)  # type: ignore[call-overload]  # any service

    return make


def live_version(clients: ClientFactory, names: Names, stage: StageSpec, model: str) -> Live:
    """Follow a stage's endpoint to its config, its model and its package.

    What cannot be seen is said, not raised: the other stages' answers are still wanted.
    """
    try:
        account = clients("sts").get_caller_identity()["Account"]
        if account != stage.account:
            # In another account there is no such endpoint either, which would prove nothing.
            return Live(
                unknown=f"the credentials are of account {account}, not {stage.account}",
                was_asked=False,
            )
        return _live(clients("sagemaker"), names, stage, model)
    except ClientError as error:
        return _refusal(error)
    except BotoCoreError as error:
        return Live(unknown=f"{error}", was_asked=False)


def _live(sagemaker: Any, names: Names, stage: StageSpec, model: str) -> Live:
    endpoint = sagemaker.describe_endpoint(EndpointName=names.endpoint(stage, model))
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    package = _package(sagemaker, config["ProductionVariants"][0]["ModelName"])
    group = re.escape(names.model_packages_arn(model).removesuffix("*"))
    found = re.fullmatch(rf"{group}([0-9]+)", package or "")
    status = str(endpoint["EndpointStatus"])
    return Live(
        version=int(found[1]) if found else None,
        endpoint_status=status,
        release=_tag(sagemaker, config["EndpointConfigArn"]),
        unknown=None if found else f"runs {package or 'a model without a package'}",
    )


def _package(sagemaker: Any, model_name: str) -> str | None:
    model = sagemaker.describe_model(ModelName=model_name)
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    package: str | None = containers[0].get("ModelPackageName")
    return package


def _tag(sagemaker: Any, arn: str) -> str | None:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    tags = (tag for page in pages for tag in page["Tags"])
    return next((tag["Value"] for tag in tags if tag["Key"] == RELEASE_TAG), None)


def _refusal(error: ClientError) -> Live:
    details = error.response["Error"]
    if _NOT_FOUND in details["Message"]:
        return Live()
    return Live(unknown=f"{details['Message']} ({details['Code']})", was_asked=False)
