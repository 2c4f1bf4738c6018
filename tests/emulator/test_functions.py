"""The deployed functions start from their archives and get on with the roles that they have.

The emulator checks every call that a function makes to it against the function's role. SageMaker's
calls go to an emulator that asks nobody.
"""

import pytest

from tests.emulator import hosting
from tests.emulator.accounts import DEV, Deployment, root_of
from tests.emulator.functions import invoked
from tests.emulator.servers import Server

pytestmark = pytest.mark.full

GROUP = "mlops-churn"


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

    answer = invoked(
        aws, "FindApproved", {"GroupName": GROUP, "CandidateModelDataUrl": "s3://bucket/2"}
    )

    assert answer == {"ApprovedModelDataUrl": "s3://bucket/1", "ApprovedVersion": "1"}
