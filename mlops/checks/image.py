"""Whether what a stage is about to run is registered, approved, and still there."""

import re
from typing import Any, Final

from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.deployment import Candidate, Deployment, Image, Move
from mlops.checks.result import Finding, failed, passed, skipped

_NOT_REGISTERED: Final = "does not exist"
_PUSH: Final = "constructs/mlops_constructs/delivery/push-image.sh"
_URI: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def pushed(image: Image, deployment: Deployment) -> Finding:
    """The image that this commit's pipelines run."""
    ids = {"imageTag": image.tag}
    if not _exists(deployment.repositories, repositoryName=image.repository, imageIds=[ids]):
        return failed(
            f"{image.repository}:{image.tag} is not in the delivery account; "
            f"remedy: `sh {_PUSH} {image.repository.rpartition('/')[2]}`"
        )
    return passed(f"{image.repository}:{image.tag}")


def registered(candidate: Candidate, deployment: Deployment, move: Move) -> Finding:
    """The pinned version: approved in the registry, and its image not gone.

    A platform begins with a pin of a version that its first training is still to make; the stage
    of the training has to be deployed for that.
    """
    found = _package(candidate, deployment)
    if found is None:
        told = f"version {candidate.version} is not registered"
        remedy = "remedy: train and approve it, or pin one that is there"
        return skipped(f"{told} yet") if move is Move.FIRST else failed(f"{told}; {remedy}")
    status = found.get("ModelApprovalStatus")
    if status != "Approved":
        return failed(
            f"version {candidate.version} is {status}; allowed: Approved; "
            "remedy: pin an approved version, or approve this one"
        )
    return _served(found, deployment, candidate.version)


def _package(candidate: Candidate, deployment: Deployment) -> Any:
    try:
        return deployment.registry("sagemaker").describe_model_package(
            ModelPackageName=candidate.package
        )
    except ClientError as error:
        if _NOT_REGISTERED in error.response["Error"]["Message"]:
            return None
        raise


def _served(package: Any, deployment: Deployment, version: int) -> Finding:
    uri = package["InferenceSpecification"]["Containers"][0]["Image"]
    parts = _URI.fullmatch(uri)
    if parts is None:
        return failed(f"version {version} runs {uri}, which is not an ECR image")
    ids = {"imageTag": parts["tag"], "imageDigest": parts["digest"]}
    exists = _exists(
        deployment.repositories,
        registryId=parts["account"],
        repositoryName=parts["repository"],
        imageIds=[{name: value for name, value in ids.items() if value}],
    )
    if not exists:
        return failed(f"the image of version {version} is gone: {uri}; remedy: train a new version")
    return passed(f"version {version} is approved and its image is there")


def _exists(repositories: Clients, **asked: Any) -> bool:
    try:
        repositories("ecr").describe_images(**asked)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return False
        raise
    return True
