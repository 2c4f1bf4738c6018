"""Own credentials in their own account, a role in every other, and never a wrong account unseen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.cli.access import Access
from mlops.cli.no_access import NoAccessError
from mlops.contract import Platform, StageSpec, load_platform

DELIVERY = "111111111111"
PROD = "444444444444"
PIPELINE = f"arn:aws:sts::{DELIVERY}:assumed-role/mlops-delivery-verification/build"
PERSON = "arn:aws:sts::{}:assumed-role/engineer/me"


class Fake:
    """Clients that know whose they are, and which roles were taken from them."""

    def __init__(self, account: str, arn: str, name: str) -> None:
        self.account, self.arn, self.name = account, arn, name

    def __call__(self, service: str) -> Any:
        assert service == "sts"
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.account, "Arn": self.arn}

    def as_role(self, role: str, *, region: str) -> "Fake":
        return Fake(role.split(":")[4], role, role.rpartition("/")[2])


@pytest.fixture(scope="module")
def platform(root: Path) -> Platform:
    return load_platform(root)


@pytest.fixture
def prod(platform: Platform) -> StageSpec:
    return platform.stages.stage("prod")


@pytest.fixture
def access(platform: Platform) -> Callable[..., Access]:
    """The ways of somebody who is in an account, with profiles for others."""

    def ways(account: str, *profiles: str, arn: str | None = None, **of: str) -> Access:
        def make(_region: str, *, profile: str | None = None) -> Any:
            if profile is not None:
                return Fake(of[profile], PERSON.format(of[profile]), profile)
            return Fake(account, arn or PERSON.format(account), "own")

        return Access(platform.names, profiles, make)

    return ways


def name(clients: Any) -> str:
    found: str = clients.name
    return found


def test_a_person_in_the_stages_account_reads_and_starts_as_themselves(
    access: Callable[..., Access], prod: StageSpec
) -> None:
    ways = access(PROD)

    assert name(ways.reading(prod)) == "own"
    assert name(ways.starting(prod)()) == "own"


def test_from_the_delivery_account_the_stages_roles_are_taken(
    access: Callable[..., Access], prod: StageSpec
) -> None:
    ways = access(DELIVERY)

    assert name(ways.reading(prod)) == "cdk-hnb659fds-lookup-role-444444444444-eu-west-1"
    assert name(ways.starting(prod)()) == "mlops-prod-checks-starter"
    assert name(ways.repositories()) == "own"


def test_the_pipelines_role_reads_images_itself_and_takes_a_role_even_at_home(
    access: Callable[..., Access], prod: StageSpec
) -> None:
    at_home = prod.model_copy(update={"account": DELIVERY})
    ways = access(DELIVERY, arn=PIPELINE)

    assert name(ways.repositories()) == "own"
    assert name(ways.reading(at_home)) == "cdk-hnb659fds-lookup-role-111111111111-eu-west-1"


def test_a_profile_goes_before_a_role(access: Callable[..., Access], prod: StageSpec) -> None:
    ways = access(DELIVERY, "prod=mine", mine=PROD)

    assert name(ways.reading(prod)) == "mine"
    assert name(ways.own(prod)) == "mine"


def test_a_profile_of_another_account_is_refused_since_nothing_would_be_found_there(
    access: Callable[..., Access], prod: StageSpec
) -> None:
    ways = access(DELIVERY, "prod=mine", mine="222222222222")

    with pytest.raises(NoAccessError, match="are of account 222222222222; allowed: 4444"):
        ways.reading(prod)


def test_own_credentials_of_another_account_are_refused(
    access: Callable[..., Access], prod: StageSpec
) -> None:
    with pytest.raises(NoAccessError, match="remedy: --profile prod=NAME"):
        access(DELIVERY).own(prod)
