"""Whoever starts a training does not approve what it made, as far as AWS tells people apart."""

from pathlib import Path
from typing import Any

import pytest

from mlops.registry import RegistryError, SageMakerClient, approve, local_client, show
from mlops.registry.separation import Identity, decider_of, objection, starter_of

GROUP = "mlops-bike-demand"
ALICE = Identity(
    name="arn:aws:sts::222222222222:assumed-role/DataScience/alice@example.com",
    id="AROAEXAMPLE:alice@example.com",
)
BOB = Identity(
    name="arn:aws:sts::222222222222:assumed-role/DataScience/bob@example.com",
    id="AROAEXAMPLE:bob@example.com",
)
PROFILE = "arn:aws:sagemaker:eu-west-1:222222222222:user-profile/d-1/alice"


def started_by(identity: Identity) -> dict[str, str]:
    return {"started_by": identity.name, "started_by_id": identity.id or "unrecorded"}


@pytest.fixture
def client(tmp_path: Path) -> SageMakerClient:
    client = local_client(tmp_path)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    client.create_model_package(
        ModelPackageGroupName=GROUP, CustomerMetadataProperties=started_by(ALICE)
    )
    client.create_model_package(ModelPackageGroupName=GROUP)
    return client


def test_whoever_started_a_training_is_refused_and_told_why(client: SageMakerClient) -> None:
    with pytest.raises(RegistryError, match=r"started by .*/alice@example.com, which is you; all"):
        approve(client, GROUP, 1, reason="mine is good", approver=ALICE)

    assert show(client, GROUP, 1).version.status == "PendingManualApproval"


@pytest.mark.parametrize(("number", "approver"), [(1, BOB), (1, None), (2, ALICE)])
def test_somebody_else_approves_and_nobody_is_held_by_what_is_unknown(
    client: SageMakerClient, number: int, approver: Identity | None
) -> None:
    assert approve(client, GROUP, number, reason="read", approver=approver).status == "Approved"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ALICE, ALICE, True),
        (ALICE, BOB, False),
        # The profile of Studio names the person, the id tells that it is the same session.
        (Identity(name=PROFILE, id=ALICE.id), ALICE, True),
        (Identity(name=PROFILE, id=BOB.id), ALICE, False),
        (Identity(name=ALICE.name), ALICE, True),
        (Identity(name=PROFILE), Identity(name=PROFILE), True),
        # The registry's metadata take no comma.
        (Identity(name="a", id="X:a,b"), Identity(name="b", id="X:a_b"), True),
        (Identity(name="n" * 300), Identity(name="n" * 256), True),
    ],
)
def test_two_identities_are_one_where_aws_could_not_tell_them_apart(
    one: Identity, other: Identity, *, same: bool
) -> None:
    assert one.is_same_as(other) == other.is_same_as(one) == same


def package(starter: Identity | None, decider: dict[str, Any]) -> dict[str, Any]:
    metadata = {"started_by": "unrecorded", "started_by_id": "unrecorded"}
    return {
        "CustomerMetadataProperties": started_by(starter) if starter else metadata,
        "LastModifiedBy": decider,
    }


def user(identity: Identity) -> dict[str, Any]:
    return {"IamIdentity": {"Arn": identity.name, "PrincipalId": identity.id}}


def test_an_approval_of_ones_own_is_objected_to() -> None:
    found = objection(package(ALICE, user(ALICE)))

    assert found == f"approved by {ALICE.name}, who started its training"


@pytest.mark.parametrize(
    ("starter", "decider"),
    [(ALICE, user(BOB)), (None, user(ALICE)), (ALICE, {}), (ALICE, {"UserProfileName": "local"})],
)
def test_another_or_an_unknown_identity_is_not(
    starter: Identity | None, decider: dict[str, Any]
) -> None:
    assert objection(package(starter, decider)) is None


def test_what_nobody_recorded_is_nobody() -> None:
    assert starter_of({}) is starter_of(package(None, {})) is decider_of({}) is None
