from pathlib import Path

import pytest

from mlops.contract import Platform
from mlops.registry import RegistryError, SageMakerClient, approve, local_client
from mlops.release import ReleaseError, registered_versions, require_approved

MODEL, GROUP = "bike-demand", "mlops-bike-demand"


def registry(folder: Path, *, account: str = "222222222222", versions: int = 3) -> SageMakerClient:
    client = local_client(folder, account=account)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    for _ in range(versions):
        client.create_model_package(ModelPackageGroupName=GROUP)
    return client


def test_an_approved_version_is_let_through(tmp_path: Path, platform: Platform) -> None:
    client = registry(tmp_path)
    approve(client, GROUP, 2, reason="read the card")

    found = require_approved(client, platform.names, model=MODEL, number=2)

    assert (found.number, found.status) == (2, "Approved")
    assert list(registered_versions(client, platform.names, MODEL)) == [3, 2, 1]


def test_a_version_that_nobody_approved_is_refused(tmp_path: Path, platform: Platform) -> None:
    client = registry(tmp_path)
    refusal = (
        r"bike-demand 3: is PendingManualApproval; allowed: {}; remedy: approve it with `mlops"
    )

    with pytest.raises(ReleaseError, match=refusal.format("none yet")):
        require_approved(client, platform.names, model=MODEL, number=3)
    approve(client, GROUP, 2, reason="read the card")
    with pytest.raises(ReleaseError, match=refusal.format("2")):
        require_approved(client, platform.names, model=MODEL, number=3)


def test_a_version_that_the_registry_does_not_know_is_refused(
    tmp_path: Path, platform: Platform
) -> None:
    full, empty = registry(tmp_path / "a"), registry(tmp_path / "b", versions=0)

    with pytest.raises(ReleaseError, match="not in the registry; allowed: 3, 2, 1; remedy"):
        require_approved(full, platform.names, model=MODEL, number=4)
    with pytest.raises(ReleaseError, match="not in the registry; allowed: none yet"):
        require_approved(empty, platform.names, model=MODEL, number=4)


def test_a_group_that_is_not_there_is_the_registrys_refusal(
    tmp_path: Path, platform: Platform
) -> None:
    with pytest.raises(RegistryError, match=r"does not exist.*mlops rehearse pipeline bike-demand"):
        require_approved(local_client(tmp_path), platform.names, model=MODEL, number=1)


def test_the_same_names_in_another_account_approve_nothing(
    tmp_path: Path, platform: Platform
) -> None:
    client = registry(tmp_path, account="999999999999")
    approve(client, GROUP, 2, reason="somebody else's card")

    with pytest.raises(ReleaseError, match=r":999999999999:.*is in another registry"):
        require_approved(client, platform.names, model=MODEL, number=2)
