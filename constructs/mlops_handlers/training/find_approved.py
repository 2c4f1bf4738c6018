"""Finds what a registration needs to know: the version to beat, and the image behind its tag."""

from functools import cache
from typing import Any, Final

import boto3

NONE_APPROVED: Final = "0"


def handler(event: dict[str, str], _context: object) -> dict[str, str]:
    """Answer the pipeline's step; without an approved version the candidate meets itself."""
    image = _by_digest(event["ImageUri"])
    arn = _newest_approved(event["GroupName"])
    if arn is None:
        return _answer(event["CandidateModelDataUrl"], NONE_APPROVED, image)
    package = _sagemaker().describe_model_package(ModelPackageName=arn)
    container = package["InferenceSpecification"]["Containers"][0]
    return _answer(container["ModelDataUrl"], str(package["ModelPackageVersion"]), image)


def _newest_approved(group: str) -> str | None:
    pages = (
        _sagemaker()
        .get_paginator("list_model_packages")
        .paginate(
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
        )
    )
    # A page of a filtered list may be empty although a later one is not.
    found = (summary for page in pages for summary in page["ModelPackageSummaryList"])
    newest = next(found, None)
    return None if newest is None else str(newest["ModelPackageArn"])


def _by_digest(uri: str) -> str:
    """The image with its digest in place of its tag: <account>.dkr.ecr.<region>...@sha256:..."""
    name, _, tag = uri.rpartition(":")
    registry, _, repository = name.partition("/")
    account, _, _, region, *_ = registry.split(".")
    (found,) = _ecr(region).describe_images(
        registryId=account, repositoryName=repository, imageIds=[{"imageTag": tag}]
    )["imageDetails"]
    return f"{name}@{found['imageDigest']}"


def _answer(url: str, version: str, image: str) -> dict[str, str]:
    return {"ApprovedModelDataUrl": url, "ApprovedVersion": version, "ImageByDigest": image}


@cache
def _sagemaker() -> Any:
    return boto3.client("sagemaker")


@cache
def _ecr(region: str) -> Any:
    """The images are kept where the delivery is, which may be another region."""
    return boto3.client("ecr", region_name=region)
