"""What a version answered when it was evaluated: to the contract's examples, and to other rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlparse

from mlops.rollout.probes import Case, Tolerance, cases_of
from mlops_handlers.clients import client
from mlops_handlers.rollout.contract import contract_cases, contract_tolerance

_SAME_MODEL: Final = Tolerance(relative=1e-3, absolute=1e-6)
"""The same model on another machine: rounding, nothing else."""


class ReplacedAnswersError(RuntimeError):
    """Recorded answers that somebody changed: whoever is judged by them proves nothing."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Requests with their answers by name, and how closely a live answer has to match them."""

    cases: Mapping[str, Case]
    tolerance: Tolerance


@cache
def recorded_answers(package_arn: str) -> Recorded:
    """A version's own answers; the contract's, under its wider tolerance, where it has none.

    Raises:
        ReplacedAnswersError: the file is not the one that was registered.
    """
    package = client("sagemaker").describe_model_package(ModelPackageName=package_arn)
    metadata = package.get("CustomerMetadataProperties", {})
    uri, digest = metadata.get("answers_uri"), metadata.get("answers_sha256")
    cases = cases_of(_read(uri, digest)) if uri else contract_cases()
    return Recorded(
        cases={case.name: case for case in cases},
        tolerance=_SAME_MODEL if uri else contract_tolerance(),
    )


def _read(uri: str, digest: str | None) -> Mapping[str, Any]:
    """The file's content; a version that was registered without a digest is believed."""
    place = urlparse(uri)
    found = client("s3").get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    body = found["Body"].read()
    if digest is not None and hashlib.sha256(body).hexdigest() != digest:
        raise ReplacedAnswersError(
            f"{uri}: is not the file with the SHA-256 {digest} that was registered; remedy: find "
            "out who replaced it, and release a version that was trained again"
        )
    content: Mapping[str, Any] = json.loads(body)
    return content
