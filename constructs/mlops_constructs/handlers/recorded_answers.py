"""What a version answered to the contract's examples when it was evaluated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlparse

from mlops.rollout.probes import Tolerance, cases_of
from mlops_constructs.handlers.clients import client
from mlops_constructs.handlers.contract import contract_cases, contract_tolerance

_SAME_MODEL: Final = Tolerance(relative=1e-3, absolute=1e-6)
"""The same model on another machine: rounding, nothing else."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Answers by case, and how closely a live answer has to match them."""

    answers: Mapping[str, object]
    tolerance: Tolerance


@cache
def recorded_answers(package_arn: str) -> Recorded:
    """A version's own answers; the contract's, under its wider tolerance, where it has none."""
    package = client("sagemaker").describe_model_package(ModelPackageName=package_arn)
    uri = package.get("CustomerMetadataProperties", {}).get("answers_uri")
    cases = cases_of(_read(uri)) if uri else contract_cases()
    return Recorded(
        answers={case.name: case.response for case in cases},
        tolerance=_SAME_MODEL if uri else contract_tolerance(),
    )


def _read(uri: str) -> Mapping[str, Any]:
    place = urlparse(uri)
    found = client("s3").get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    content: Mapping[str, Any] = json.loads(found["Body"].read())
    return content
