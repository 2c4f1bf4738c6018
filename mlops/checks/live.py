"""What an endpoint runs, told by SageMaker itself, beside what was planned.

SageMaker calls a rolled-back endpoint InService, too; only its config and its model tell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.guardrails import compared
from mlops.checks.plan import Capture, PlannedRelease
from mlops.checks.result import Finding, failed, passed
from mlops.rollout.content import UNRECORDED, VARIABLE
from mlops.rollout.release import RELEASE_TAG

Described = Mapping[str, Any]

_BOTH_SIDES: Final = {"Input", "Output"}
NOT_FOUND: Final = 'Could not find endpoint "'


@dataclass(frozen=True, kw_only=True)
class Live:
    """An endpoint as SageMaker describes it."""

    endpoint: Described
    config: Described
    release: str | None
    """Hash of the release, from the config's tag; None where the config carries none."""
    package: str | None
    """ARN of the model package; None where the model was made from something else."""
    content: str | None
    """The archive that its containers may serve; None where they are not told."""

    @property
    def image(self) -> str | None:
        """Digest of the image that its containers run; None where SageMaker does not say."""
        variants = self.endpoint.get("ProductionVariants", ())
        images = [image for variant in variants for image in variant.get("DeployedImages", ())]
        resolved = str(images[0].get("ResolvedImage", "")) if images else ""
        return resolved.partition("@sha256:")[2] or None

    @property
    def variant(self) -> Described:
        """The variant of the config."""
        variant: Described = self.config["ProductionVariants"][0]
        return variant

    @property
    def is_first(self) -> bool:
        """Whether the endpoint was created with this config, so that no deployment led to it."""
        first: bool = self.config["CreationTime"] <= self.endpoint["CreationTime"]
        return first

    @property
    def version(self) -> int | None:
        """Number of the package; None where there is none."""
        number = (self.package or "").rpartition("/")[2]
        return int(number) if number.isdecimal() else None


def live_or_none(clients: Clients, name: str) -> Live | None:
    """The endpoint, or None where there is none yet."""
    try:
        return live_endpoint(clients, name)
    except ClientError as error:
        if NOT_FOUND in error.response["Error"]["Message"]:
            return None
        raise


def live_endpoint(clients: Clients, name: str) -> Live:
    """Follow an endpoint to its config, its model and its package."""
    sagemaker = clients("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    container = _container(sagemaker, config["ProductionVariants"][0]["ModelName"])
    return Live(
        endpoint=endpoint,
        config=config,
        release=_release_tag(sagemaker, config["EndpointConfigArn"]),
        package=container.get("ModelPackageName"),
        content=container.get("Environment", {}).get(VARIABLE),
    )


def findings(live: Live, planned: PlannedRelease, *, key_arn: str) -> Iterator[tuple[str, Finding]]:
    """Every part of a live endpoint, compared with the plan."""
    yield "in service", _status(live)
    yield "release", _release(live, planned)
    yield "content", _content(live, planned)
    yield "machines", _machines(live, planned)
    described = live.endpoint.get("LastDeploymentConfig")
    yield "guardrails", compared(described, planned.guardrails, is_first=live.is_first)
    yield "capture", _capture(live.config.get("DataCaptureConfig"), planned.capture, key_arn)
    yield "encryption", _encryption(live, planned, key_arn)


def _release_tag(sagemaker: Any, arn: str) -> str | None:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    tags = (tag for page in pages for tag in page["Tags"])
    return next((tag["Value"] for tag in tags if tag["Key"] == RELEASE_TAG), None)


def _container(sagemaker: Any, model_name: str) -> Described:
    model = sagemaker.describe_model(ModelName=model_name)
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    container: Described = containers[0]
    return container


def _status(live: Live) -> Finding:
    status = live.endpoint["EndpointStatus"]
    if status != "InService":
        reason = live.endpoint.get("FailureReason", "SageMaker gives no reason")
        return failed(f"the endpoint is {status}: {reason}")
    return passed("InService")


def _release(live: Live, planned: PlannedRelease) -> Finding:
    wrong = [
        f"{what} {found} runs instead of {wanted}"
        for what, found, wanted in (
            ("release", live.release, planned.release),
            ("package", live.package, planned.package),
        )
        if found != wanted
    ]
    return failed("; ".join(wrong)) if wrong else passed(f"{planned.release}, {planned.package}")


def _content(live: Live, planned: PlannedRelease) -> Finding:
    """What the containers may serve and what they run, beside what was released."""
    if planned.content == UNRECORDED:
        return passed("the release recorded none, so nothing is proved")
    if live.content != planned.content:
        said = live.content or "anything"
        return failed(f"its containers may serve {said} instead of {planned.content}")
    if live.image is not None and live.image != planned.image:
        return failed(f"the image sha256:{live.image} runs instead of sha256:{planned.image}")
    return passed(f"archive {planned.content}, image sha256:{planned.image}")


def _machines(live: Live, planned: PlannedRelease) -> Finding:
    found, wanted = live.variant.get("InstanceType"), planned.fleet.instance_type
    if found != wanted:
        return failed(f"the fleet is made of {found} instead of {wanted}")
    return passed(wanted)


def _capture(found: Described | None, planned: Capture | None, key_arn: str) -> Finding:
    is_on = found is not None and found.get("EnableCapture", True)
    if planned is None:
        return (
            failed("requests are captured, and the contract does not ask for it")
            if is_on
            else passed("off")
        )
    if found is None or not is_on:
        return failed("requests are not captured")
    place = f"s3://{planned.bucket}/{planned.prefix}"
    wanted = {
        "DestinationS3Uri": place,
        "InitialSamplingPercentage": planned.sampling_percent,
        "KmsKeyId": key_arn,
    }
    wrong = [
        f"{key} is {found.get(key)} instead of {value}"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    if {option["CaptureMode"] for option in found["CaptureOptions"]} != _BOTH_SIDES:
        wrong.append("not both requests and answers are captured")
    return failed("; ".join(wrong)) if wrong else passed(place)


def _encryption(live: Live, planned: PlannedRelease, key_arn: str) -> Finding:
    wanted = key_arn if planned.encrypted_disks else None
    found = live.config.get("KmsKeyId")
    if found != wanted:
        return failed(f"disks are under {found or 'no key of ours'} instead of {wanted or 'none'}")
    return passed(wanted or "by the machines' own hardware")
