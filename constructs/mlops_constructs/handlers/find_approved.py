"""Finds what a candidate has to be compared with: the newest approved version of its group."""

from functools import cache
from typing import Any, Final

import boto3

NONE_APPROVED: Final = "0"


def handler(event: dict[str, str], _context: object) -> dict[str, str]:
    """Answer the pipeline's step; without an approved version the candidate meets itself."""
    arn = _newest_approved(event["GroupName"])
    if arn is None:
        return _answer(event["CandidateModelDataUrl"], NONE_APPROVED)
    package = _sagemaker().describe_model_package(ModelPackageName=arn)
    container = package["InferenceSpecification"]["Containers"][0]
    return _answer(container["ModelDataUrl"], str(package["ModelPackageVersion"]))


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


def _answer(url: str, version: str) -> dict[str, str]:
    return {"ApprovedModelDataUrl": url, "ApprovedVersion": version}


@cache
def _sagemaker() -> Any:
    return boto3.client("sagemaker")
