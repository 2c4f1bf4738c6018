from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError, ProfileNotFound
from botocore.stub import Stubber

from mlops.contract import Platform, StageSpec
from mlops.release import ReleaseError
from mlops.release.status.access import assumed_clients, profile_clients

ROLE = "arn:aws:iam::222222222222:role/mlops-dev-release-decisions"
ANSWER = {
    "Credentials": {
        "AccessKeyId": "ASIA0123456789ABCDEF",
        "SecretAccessKey": "the roles secret",
        "SessionToken": "the roles token",
        "Expiration": "2026-01-01T13:00:00Z",
    }
}


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("sts", region_name="eu-west-1")
    made: list[tuple[str, str]] = []

    def made_by_boto3(service: str, *, region_name: str) -> Any:
        made.append((service, region_name))
        return client

    monkeypatch.setattr("mlops.release.status.access.boto3.client", made_by_boto3)
    with Stubber(client) as calls:
        yield calls
    assert made == [("sts", "eu-west-1")]


@pytest.fixture
def dev(platform: Platform) -> StageSpec:
    return platform.stages.stage("dev")


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets every profile be of one account."""

    def of(account: str) -> None:
        def clients(_: StageSpec, *, profile: str | None) -> Callable[[str], Any]:
            client = boto3.client("sts", region_name="eu-west-1")
            calls = Stubber(client)
            answer = {"Account": account, "UserId": "u", "Arn": "a" * 20}
            calls.add_response("get_caller_identity", answer, {})
            calls.activate()
            return {"sts": client, "ssm": profile}.__getitem__

        monkeypatch.setattr("mlops.release.status.access.stage_clients", clients)

    return of


def test_clients_have_the_roles_credentials_in_its_region(sts: Stubber) -> None:
    asked = {"RoleArn": ROLE, "RoleSessionName": "release-automation"}
    sts.add_response("assume_role", ANSWER, asked)

    client = assumed_clients(ROLE, region="eu-west-1")("ssm")

    credentials = client._request_signer._credentials.get_frozen_credentials()
    assert (credentials.access_key, credentials.secret_key, credentials.token) == (
        "ASIA0123456789ABCDEF", "the roles secret", "the roles token",
    )  # fmt: skip
    assert client.meta.region_name == "eu-west-1"


def test_a_role_that_refuses_is_named(sts: Stubber) -> None:
    sts.add_client_error("assume_role", "AccessDenied", "User: x is not authorized")

    with pytest.raises(ReleaseError, match=rf"{ROLE}: cannot be assumed: User: x is not .*remedy"):
        assumed_clients(ROLE, region="eu-west-1")


def test_without_credentials_no_role_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise NoCredentialsError

    monkeypatch.setattr("mlops.release.status.access.boto3.client", nobody)

    with pytest.raises(ReleaseError, match=f"{ROLE}: cannot be assumed: Unable to locate"):
        assumed_clients(ROLE, region="eu-west-1")


def test_a_person_works_with_a_profile_of_the_stages_account(
    profile: Callable[[str], None], dev: StageSpec
) -> None:
    profile("222222222222")

    assert profile_clients(dev, profile="mine")("ssm") == "mine"


def test_a_profile_of_another_account_is_refused(
    profile: Callable[[str], None], dev: StageSpec
) -> None:
    profile("999999999999")

    with pytest.raises(ReleaseError, match="is of account 999999999999; allowed: 222222222222"):
        profile_clients(dev, profile="mine")


def test_a_profile_that_does_not_exist_is_named(
    dev: StageSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: StageSpec, *, profile: str) -> None:
        raise ProfileNotFound(profile=profile)

    monkeypatch.setattr("mlops.release.status.access.stage_clients", missing)

    with pytest.raises(ReleaseError, match=r"profile mine: The config profile \(mine\)"):
        profile_clients(dev, profile="mine")
