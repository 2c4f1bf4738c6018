"""Where a registered version comes from: commit, code, data, execution, metrics, decision."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mlops.registry.client import SageMakerClient
from mlops.registry.separation import UNRECORDED
from mlops.registry.versions import ModelVersion, described, version_of

Reader = Callable[[str], str]
"""Returns the text of an S3 object; raises OSError where it cannot."""

_OWN_LINES: Final = (
    "commit",
    "source_hash",
    "data_version",
    "data_uri",
    "execution",
    "answers_uri",
)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A held-out metric with its bootstrap interval, where the evaluation gave one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Everything that led to a version, and what was decided about it."""

    version: ModelVersion
    commit: str
    source_hash: str
    data_version: str
    data_uri: str
    execution: str
    answers_uri: str
    model_data_url: str
    image: str
    metrics_uri: str
    metrics: tuple[Metric, ...]
    metadata: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    """As its model card says; {} for a version without one."""
    card: str
    """The status of its model card."""
    stage: str
    """Stage and status of its life cycle, where somebody keeps them."""
    decided_by: str
    reason: str | None
    decided: datetime | None


def show(
    client: SageMakerClient, group: str, number: int, *, read: Reader | None = None
) -> Lineage:
    """The lineage of a version; its metrics are read from S3 when a reader is given.

    Raises:
        RegistryError: there is no such version.
    """
    package = described(client, group, number)
    metadata = package.get("CustomerMetadataProperties", {})
    container = _container(package)
    metrics_uri = _metrics_uri(package)
    return Lineage(
        version=version_of(package),
        **{key: metadata.get(key, UNRECORDED) for key in _OWN_LINES},
        model_data_url=container.get("ModelDataUrl", UNRECORDED),
        image=container.get("Image", UNRECORDED),
        metrics_uri=metrics_uri,
        metrics=_metrics(metrics_uri, read) if read else (),
        metadata={key: value for key, value in metadata.items() if key not in _OWN_LINES},
        hyperparameters=_hyperparameters(package),
        card=package.get("ModelCard", {}).get("ModelCardStatus", UNRECORDED),
        stage=_stage(package),
        decided_by=_who(package.get("LastModifiedBy", {})),
        reason=package.get("ApprovalDescription"),
        decided=package.get("LastModifiedTime"),
    )


def metrics_of(evaluation: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics of an evaluation report."""
    return tuple(
        Metric(name=name, value=found["value"], low=found.get("low"), high=found.get("high"))
        for name, found in evaluation.get("metrics", {}).items()
    )


def _container(package: Mapping[str, Any]) -> dict[str, Any]:
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    return dict(containers[0]) if containers else {}


def _hyperparameters(package: Mapping[str, Any]) -> dict[str, str]:
    """What a card says of them; a card that people wrote otherwise says nothing here."""
    try:
        card = json.loads(package["ModelCard"]["ModelCardContent"])
        said = card["training_details"]["training_job_details"]["hyper_parameters"]
        return {str(one["name"]): str(one["value"]) for one in said}
    except (KeyError, TypeError, ValueError):
        return {}


def _stage(package: Mapping[str, Any]) -> str:
    kept = package.get("ModelLifeCycle", {})
    return f"{kept['Stage']}: {kept['StageStatus']}" if kept else UNRECORDED


def _who(user: Mapping[str, Any]) -> str:
    """Whoever changed a version last, which is who decided: a role's session, or a Studio user."""
    identity = user.get("IamIdentity", {})
    return str(identity.get("Arn") or user.get("UserProfileName") or UNRECORDED)


def _metrics_uri(package: Mapping[str, Any]) -> str:
    quality = package.get("ModelMetrics", {}).get("ModelQuality", {})
    return str(quality.get("Statistics", {}).get("S3Uri", UNRECORDED))


def _metrics(uri: str, read: Reader) -> tuple[Metric, ...]:
    """The metrics at a URI; a report that is gone or not ours leaves the lineage without them."""
    try:
        return metrics_of(json.loads(read(uri)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()
