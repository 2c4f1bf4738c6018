"""The deployed functions start from their archives and get on with the roles that they have.

The emulator checks every call that a function makes to it against the function's role. SageMaker's
calls go to an emulator that asks nobody.
"""

import contextlib
import json

import pytest

from tests.external.emulator import hosting
from tests.external.emulator.accounts import DELIVERY, DEV, Deployment, root_of
from tests.external.emulator.functions import invoked
from tests.external.emulator.servers import Server

pytestmark = pytest.mark.full

GROUP = "mlops-churn"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def test_the_prober_leaves_an_endpoint_alone_that_is_not_updated(
    dev: Deployment, aws: Server
) -> None:
    assert invoked(aws, "serving-Prober", {})["probes"] == 0


def test_the_janitor_deletes_nothing_that_runs(dev: Deployment, aws: Server) -> None:
    assert invoked(aws, "serving-Janitor", {}) == {"configs": 0, "models": 0}


def test_the_newest_approved_version_is_found(
    dev: Deployment, aws: Server, sagemaker: Server
) -> None:
    hosting.register(sagemaker.client("sagemaker", root_of(DEV)), GROUP, "Approved", "Rejected")

    image, digest = _pushed(aws)

    answer = invoked(
        aws,
        "FindApproved",
        {"GroupName": GROUP, "CandidateModelDataUrl": "s3://bucket/2", "ImageUri": f"{image}:abc"},
    )

    assert answer == {
        "ApprovedModelDataUrl": "s3://bucket/1",
        "ApprovedVersion": "1",
        "ImageByDigest": f"{image}@{digest}",
    }


def _pushed(aws: Server) -> tuple[str, str]:
    """An image in the model's repository: its name without the tag `abc`, and its digest."""
    name = "mlops/bike-demand"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []})
    # The emulator looks into the caller's account, whatever registry is asked for.
    for account in (DELIVERY, DEV):
        registry = aws.client("ecr", root_of(account))
        # Other tests deploy the delivery, and its repositories, into the same emulator.
        with contextlib.suppress(registry.exceptions.RepositoryAlreadyExistsException):
            registry.create_repository(repositoryName=name)
        pushed = registry.put_image(repositoryName=name, imageManifest=manifest, imageTag="abc")
    digest = pushed["image"]["imageId"]["imageDigest"]
    return f"{DELIVERY}.dkr.ecr.eu-west-1.amazonaws.com/{name}", digest
