"""ECR as a registration asks it: which digest a tag stands for.

A rehearsal builds no image. The tag is a hash of everything that the image is built from, so a hash
of the tag stands for the image as well as the tag does.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import boto3

from mlops.aws_api.stand_in import Answer, answer_calls


def image_registry(region: str) -> Any:
    """A client that knows every tag, and always by the same digest."""
    # A session of its own: the module function `boto3.client` is this process's stand-in.
    client = boto3.Session().client(
        "ecr",
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  # signs requests that are never sent
    )
    return answer_calls(client, _answer)


def _answer(operation: str, asked: Mapping[str, Any]) -> Answer:
    if operation != "DescribeImages":
        raise NotImplementedError(f"the rehearsal's image registry does not answer {operation}")
    repository = asked["repositoryName"]
    details = [
        {
            "registryId": asked["registryId"],
            "repositoryName": repository,
            "imageTags": [given["imageTag"]],
            "imageDigest": _digest(f"{repository}:{given['imageTag']}"),
        }
        for given in asked["imageIds"]
    ]
    return {"imageDetails": details}


def _digest(name: str) -> str:
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
