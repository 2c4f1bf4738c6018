"""The model registry: AWS's own, or a folder behind the same boto3 calls."""

from mlops.registry.client import SageMakerClient, aws_client
from mlops.registry.content import VersionContent, recorded_archive
from mlops.registry.errors import MissingGroupError, RegistryError
from mlops.registry.lineage import Lineage, Metric, metrics_of, show
from mlops.registry.local import local_client
from mlops.registry.versions import ModelVersion, approve, list_versions, reject

__all__ = [
    "Lineage",
    "Metric",
    "MissingGroupError",
    "ModelVersion",
    "RegistryError",
    "SageMakerClient",
    "VersionContent",
    "approve",
    "aws_client",
    "list_versions",
    "local_client",
    "metrics_of",
    "recorded_archive",
    "reject",
    "show",
]
