from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from mlops.cli import registry
from mlops.contract import load_platform
from mlops.registry import local_client

Mlops = Callable[..., Result]


@pytest.fixture
def two_versions(repository: Path) -> None:
    platform = load_platform(repository, model="bike-demand")
    stage, group = platform.stages.training, platform.names.model_package_group("bike-demand")
    folder = repository / ".mlops" / "registry"
    client = local_client(folder, account=stage.account, region=stage.region)
    client.create_model_package_group(ModelPackageGroupName=group)
    for commit in ("c0ffee", "decaf"):
        client.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            CustomerMetadataProperties={"commit": commit},
        )


@pytest.mark.usefixtures("two_versions")
def test_versions_are_listed_newest_first(mlops: Mlops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    output = mlops("registry", "list", "bike-demand").output

    assert output.index("mlops-bike-demand/2") < output.index("mlops-bike-demand/1")


@pytest.mark.usefixtures("two_versions")
def test_a_decision_is_kept_with_its_reason(mlops: Mlops) -> None:
    approved = mlops("registry", "approve", "bike-demand", "2", "--reason", "read the card")
    rejected = mlops("registry", "reject", "bike-demand", "1", "--reason", "worse on rainy days")

    shown = mlops("registry", "show", "bike-demand", "1").output
    assert approved.output == "mlops-bike-demand version 2 is Approved\n"
    assert rejected.output == "mlops-bike-demand version 1 is Rejected\n"
    assert "Rejected" in shown
    assert "worse on rainy days" in shown
    assert "c0ffee" in shown


@pytest.mark.usefixtures("two_versions")
def test_a_version_that_is_not_there_is_told_without_a_traceback(mlops: Mlops) -> None:
    result = mlops("registry", "approve", "bike-demand", "7", "--reason", "hope")

    assert result.exit_code == 1
    assert result.output.startswith("Error: version 7 of mlops-bike-demand")


def test_an_empty_registry_says_so(mlops: Mlops) -> None:
    result = mlops("registry", "list", "bike-demand")

    assert result.exit_code == 1
    assert "mlops-bike-demand: does not exist, nothing was registered yet" in result.output
    assert "mlops rehearse pipeline" in result.output
    assert "ValidationException" not in result.output


def test_a_decision_needs_a_reason(mlops: Mlops) -> None:
    assert mlops("registry", "approve", "bike-demand", "1").exit_code == 2


class Caller:
    """A session of somebody whose registry is the folder of rehearsals."""

    def __init__(self, **_: object) -> None:
        pass

    def client(self, service: str) -> object:
        known = {"Arn": f"{ROLE}/alice@example.com", "UserId": "AROAEXAMPLE:alice@example.com"}
        return SimpleNamespace(get_caller_identity=lambda: known) if service == "sts" else None


ROLE = "arn:aws:sts::222222222222:assumed-role/DataScience"


@pytest.mark.parametrize(
    ("starter", "code", "said"),
    [
        ("AROAEXAMPLE:alice@example.com", 1, "which is you; allowed: the approval of somebody"),
        ("AROAEXAMPLE:bob@example.com", 0, "version 3 is Approved"),
    ],
)
@pytest.mark.usefixtures("two_versions")
def test_on_aws_nobody_approves_what_they_started(
    mlops: Mlops,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    starter: str,
    code: int,
    said: str,
) -> None:
    client = local_client(repository / ".mlops" / "registry", account="222222222222")
    client.create_model_package(
        ModelPackageGroupName="mlops-bike-demand",
        CustomerMetadataProperties={"started_by": ROLE, "started_by_id": starter},
    )
    monkeypatch.setattr(registry, "aws_client", lambda **_: client)
    monkeypatch.setattr(registry.boto3, "Session", Caller)

    result = mlops(
        "registry", "approve", "bike-demand", "3", "--target", "aws", "--reason", "read the card"
    )

    assert (result.exit_code, said in result.output) == (code, True)
